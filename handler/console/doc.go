// Package console is the pages for staff behind the counter, on a phone: sign in, look a coupon up by its code, take it, undo that; and the
// list of tasks: take one, call, say what came of it; and why a customer did or did not get a message.
//
// It owns pages, their forms and the cookie of the session; what may be done and what happens is the services' (coupons, staff, members, tasks, aftersale).
//
// Rules: every page works without JavaScript; a script only adds the scan by camera. Nothing changes on a GET. Every POST must come from our
// own pages: the browser's Sec-Fetch-Site or Origin says so (http.CrossOriginProtection), and the form has a token that belongs to the session
// (T25). Everything shown is escaped by html/template, and the content security policy allows neither inline scripts nor styles
// (T26). The session is the staff's own, in an HttpOnly, SameSite=Lax cookie with the prefix __Host-; only for plain http on loopback it is
// without Secure, because browsers would drop it there.
package console
