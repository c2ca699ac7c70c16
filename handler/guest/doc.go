// Package guest is the pages for customers who come by a link and are not signed in: the survey after a visit, and the page that the
// card in a parcel opens.
//
// It owns pages and their forms; what is asked and what an answer does is the services' (surveys), and so is a parcel's code (aftersale).
//
// Rules: the link's token is all the authority there is, and it opens one survey only; a wrong one shows the same page as none at all. The
// address is never told to other sites (Referrer-Policy) nor kept by caches. Every page works without JavaScript, everything shown is
// escaped by html/template, and the content security policy allows neither scripts nor inline styles (T26). A GET changes nothing. A form that
// is sent twice is answered twice with thanks; it counts once.
//
// The parcel's page shows the official account's code and nothing of the order: whoever holds the card sees it. A wrong token shows what an old
// one would. While WeChat makes no code, the page says so and asks again by itself.
package guest
