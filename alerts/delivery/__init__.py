"""Send: alert → message per channel → delivery with its outcome."""
