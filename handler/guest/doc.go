// Package guest is the pages for customers who come by a link of a message and are not signed in: the survey after a visit.
//
// It owns pages and their forms; what is asked and what an answer does is the services' (surveys).
//
// Rules: the link's token is all the authority there is, and it opens one survey only; a wrong one shows the same page as none at all. The
// address is never told to other sites (Referrer-Policy) nor kept by caches. Every page works without JavaScript, everything shown is
// escaped by html/template, and the content security policy allows neither scripts nor inline styles (T26). A GET changes nothing. A form that
// is sent twice is answered twice with thanks; it counts once.
package guest
