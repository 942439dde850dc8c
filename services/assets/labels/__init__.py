"""Labels: what AI did to a file, who made it and whose it is. On record, in XMP and IPTC-IIM, and signed by C2PA."""
