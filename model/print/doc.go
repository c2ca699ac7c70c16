// Package print draws parcel cards: sheets of them as PDF, single ones as PNG for label printers, and QR codes alone for screens.
//
// It owns layouts, where what stands on a card, and the drawing. It knows no order and no member; what a card says is given, and
// nothing here reads a clock: the same cards give the same bytes.
//
// # What a card must be
//
//   - The code is 25 mm wide at least, without the quiet zone of four modules around it (ISO/IEC 18004), so that a phone reads it at arm's
//     length and through the wear of a parcel. It corrects 15 % of itself (level M).
//   - Words are in the embedded font only. A letter that it does not have is refused before anything is printed; so are words that
//     do not fit their place at the smallest size that people read.
//   - Modules are vectors in PDF and whole pixels in PNG: no printer's scaling blurs them. A mini-program's round code exists only as the JPEG that
//     WeChat drew; it is printed as it came, 280 of its pixels on 30 mm.
//   - A sheet's crop marks lie outside the cards and 1 mm off, so that a cut a little off leaves none.
package print
