#!/bin/sh
# Makes model/print/font/cards.ttf again: the letters that may stand on a parcel card, cut from WenQuanYi Micro Hei.
#
# It needs, of Debian, fonts-wqy-microhei (0.2.0-beta) and python3-fonttools (4.38):
#   apt-get install fonts-wqy-microhei python3-fonttools
# The result is the same, byte by byte, for the same versions of both.
set -eu
cd "$(dirname "$0")/.."
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# All of GBK (20,902 hanzi, for names have rare ones, and its signs) and ASCII.
/usr/bin/python3 - >"$list" <<'PY'
signs = {chr(c) for c in range(0x20, 0x7F)}
for a in range(0x81, 0xFF):
    for b in range(0x40, 0xFF):
        try:
            signs.add(bytes([a, b]).decode("gbk"))
        except UnicodeDecodeError:
            pass
signs |= set("–•€©®¥✓★☆")
print("\n".join("%X" % ord(c) for c in sorted(signs)))
PY
/usr/bin/python3 -m fontTools.subset /usr/share/fonts/truetype/wqy/wqy-microhei.ttc --font-number=0 --unicodes-file="$list" \
	--layout-features= --no-hinting --drop-tables+=GSUB,GPOS,GDEF,FFTM,vhea,vmtx,gasp \
	--name-IDs=0,1,2,4,5,6,13,14 --notdef-outline --no-recalc-timestamp --ignore-missing-unicodes --output-file=model/print/font/cards.ttf
ls -l model/print/font/cards.ttf
