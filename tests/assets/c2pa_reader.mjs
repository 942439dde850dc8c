// Says of each file whether its manifest holds, by a reader that shares no code with the one that signed it:
//     npm install --prefix FOLDER @trustnxt/c2pa-ts@0.9.4
//     node c2pa_reader.mjs FOLDER FILE…
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, ...files] = process.argv.slice(2);
const parts = join(resolve(folder), 'node_modules/@trustnxt/c2pa-ts/dist');
const part = (name) => import(pathToFileURL(join(parts, name, 'index.js')));
const [{ JPEG, PNG }, { SuperBox }, { ManifestStore }] = await Promise.all(['asset', 'jumbf', 'manifest'].map(part));

const said = [];
for (const file of files) {
    const content = await readFile(file);
    const asset = JPEG.canRead(content) ? new JPEG(content) : new PNG(content);
    const manifests = ManifestStore.read(SuperBox.fromBuffer(asset.getManifestJUMBF()));
    const found = await manifests.validate(asset);
    said.push({ valid: found.isValid, codes: found.statusEntries.map((entry) => entry.code) });
}
console.log(JSON.stringify(said));
