// Package staff knows the people who work in the shop: how they sign in and what they may do.
//
// It owns: accounts, passwords, roles and their permissions, staff sessions, and the brake on guessed passwords. It
// does not own what a permission protects, nor the staff trail (package audit).
//
// # Rules
//
//   - There is no default account and no default password (threat T35). The first account is made on the server's own
//     command line, `huitou staff add`.
//   - Deny by default: a role has exactly the permissions of the table in permissions.go, an unknown role has none (T10).
//   - Passwords are kept as argon2id with the parameters in the text. Few are computed at a time, so that a flood of
//     sign-ins cannot take the memory of the machine.
//   - A wrong name, a wrong password and a disabled account give one and the same answer after the same work (T36).
//   - Failed sign-ins slow down the account and the address they came from; the brake is kept in the database, so it holds
//     over several instances and restarts. At most 10 passwords a minute are evaluated for one account, and as many for one
//     address. A refused try is not evaluated and does not lengthen the brake. A new password lifts it.
//   - A session is an opaque random token of 256 bits; the database keeps its SHA-256. It ends 12 hours after
//     sign-in, after 2 idle hours, at sign-out, with a new password and when the account is disabled. It is looked up at each
//     request, so that an end counts at once on every instance (T23).
package staff
