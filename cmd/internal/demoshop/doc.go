// Package demoshop invents a believable Chinese shop: 山野茶铺, which sells tea, snacks and tea ware to its members.
//
// It owns the invention only: goods, members, eighteen months of orders, coupon templates, gifts and membership plans as plain
// values. It has no clock and no I/O, and equal options give equal shops. Putting a shop into a database, through the same
// commands that a real shop uses, is the demo's business.
//
// # How members buy
//
// Purchases follow BG/NBD (Fader, Hardie and Lee 2005), the usual model of shops without contracts: each member buys at a rate of
// their own, gamma distributed, and after each purchase is lost with a probability of their own, beta distributed. Most people
// therefore buy once, a few buy again and again. The calendar bends time: weekends, 双11, 618, the stocking up before 春节 and
// the quiet week after it, 明前茶 in April and the gift season before 中秋. The parameters were chosen so that the figures of
// service/analytics look like a real shop's: over the whole span about four in ten customers buy again and four in ten
// orders are repeat orders; in a single month about one customer in nine buys more than once; half of the gaps are shorter than six weeks.
//
// Phone numbers begin with 154, a prefix that no carrier has been given.
package demoshop
