// Package coupons keeps coupon templates and the coupons made from them.
//
// It owns: templates and their states, the stock, the limit per member, claiming, issuing, and the life of a coupon until an
// order has used it up. It does not decide who deserves a coupon (staff, the mall, memberships ask for it), and
// it does not know what an order is beyond a reference and an amount.
//
// # Rules
//
//   - A template goes draft -> active <-> paused -> ended. Only an active one gives coupons. A paused or ended one gives none,
//     and the coupons already held stay usable.
//   - Members claim when the template is claimable and within its claim window. Staff and events issue when it is
//     issuable, whatever the claim window. Both take from one stock and fill the same limit per member, which is for life.
//   - The limit is held by slots: a coupon fills one ordinal 1 .. limit of its member, unique in the schema. Nothing is counted
//     first and inserted then (linlinjava/litemall#581).
//   - The stock is held by one conditional UPDATE of the template's counter, made last, so that the lock on this
//     hottest of rows is held shortest. When it falls short the earliest commands of the batch win.
//   - One cause gives one coupon: the source of a coupon is unique for ever. A claim's source is made from the client's
//     idempotency key, so the coupon itself is the record of the key, and its terms never change: a repeated
//     key gives the very same answer, also after the template is sold out or has ended.
//   - The limit per day is held by slots too, one row for each coupon and business day.
//   - An audience binds claims, as it is at the moment of the claim: who stood on a level when he took his coupon keeps it when he has left the level.
//     Levels and tags are named by their ids, and one of them is enough. Staff and events give to whomever they choose. A refusal names the
//     audience, with the names of levels; tags are the shop's own words and never told to members.
//   - What a coupon is worth is copied into it when it is given. Its conditions (scope, stores, stacking, refund) are long and shared: they are
//     rows of their own, one for all who say the same, that are never changed; the coupon points at one. Names and texts are read
//     from the template.
//   - Before its first coupon everything of a template may be edited. From then on only what gives more: a larger stock, budget or limit, a
//     later end, a wider audience, and words. An edit and a first claim at the same moment exclude each other.
//   - A scope lists SKUs and categories, and exceptions. There is no table of categories: a category is the path that the shop's
//     system tells, "服装/童装", and a listed one stands for itself and every path below it.
//   - A threshold looks at the goods in the scope only: of a cart after the member price and before any coupon.
//   - Coupons of different stacking groups go together, one of each. A coupon without a group is used alone.
//   - Discounts are taken in one order: member price, coupons on goods by priority (of one priority exchange, amount, percent), coupons on
//     freight. See quote.go.
//   - A coupon that takes nothing off is neither used nor counted (vendurehq/vendure#5278).
//   - A budget bounds what all coupons of a template take off. A lock counts as if it were used, so that what was promised can be kept; a release
//     or a return gives it back. A coupon that the rest does not cover whole is refused: it is never cut.
//   - A coupon goes issued -> locked -> redeemed, or back from locked to issued, and back from redeemed when its whole order is refunded and
//     its policy says so, at most three times. Every move is a conditional UPDATE on all that it was decided on, whose affected rows decide
//     (macrozheng/mall#1003).
//   - A lock ends at an instant. From then on anybody may have the coupon; a timer tidies up. As long as nobody has taken it, the order
//     that had locked it may still redeem it: it was good when it was locked, and the money has come.
//   - Expiry is judged when a coupon is read or locked. Nothing depends on a sweep.
//   - Spans are half-open. "n days" means the rest of the day of issue and n whole business days after it.
//   - A discount is rounded down and never exceeds the value of the goods that it applies to. Spread over lines, each part is rounded down and
//     the last line takes the remainder, as far as there is so much left of it.
//
// # Channels
//
//   - A coupon comes by claim, code, link, order, event, staff, bulk, pack or gift. All take from the template's one stock and fill the limit per
//     member. Claims and links are bound to the claim window and the audience; for all others the template must be issuable.
//   - A code has 80 random bits, is kept as a hash and shown once, in the file that its batch is exported as. It takes stock when it is used.
//     Its member may enter it again. Wrong codes are charged before they are looked up: five are free, then the pauses double (threat T33).
//   - Rules say which event gives what, each event once for ever. Following the official account is no event: WeChat forbids a
//     reward for following and for sharing, so the schema refuses the word and the one who shares a pack gets nothing from it.
//   - A birthday gives one coupon a rule and year, on the day or some days ahead. Every hour each rule looks at the birthdays that have come into
//     reach, with a checkpoint for every day; one that was missed is caught up for a week, and a birthday that is told on the day counts
//     on that day. What is told later than the day waits for the next year.
//   - A pack gives each friend one coupon, up to its size, until its end. It promises no stock.
//   - A holder may offer a coupon to a friend if its template allows that: issued -> in_transfer for a day or until its own end, then
//     transferred with a new coupon for the friend, or issued again. The friend's has the same terms and end and fills a slot of his
//     limit; the giver's keeps its slot. The stock counts the pair once. A coupon that a refund gave back stays with its owner.
//   - A bulk issue walks through its members by id in batches of a thousand. A batch's coupons, refusals and checkpoint are one transaction,
//     and the source names run and member: a worker that is killed leaves nothing half done and nobody twice. Phones of a list are looked
//     up when it is handed in, and never stored. It waits while its template is paused.
//   - What ends within a week is called to mind by one digest per member and ISO week, in the morning.
//   - At the counter staff take a coupon by its sixteen digits, issued -> redeemed in one move, and a verification says who, where and for how
//     much; a coupon has at most one that counts. The scope of goods is theirs to judge; window, store and threshold are judged here, at
//     the instant. Within ten minutes it can be undone, once, with a reason. Wrong codes are braked for each member of staff (T33).
package coupons
