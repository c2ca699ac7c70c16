package web

import "huitou/model/db"

// Paged is embedded in the input of routes that list things page by page.
type Paged struct {
	Cursor string `query:"cursor" maxLength:"64" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

// Page is the page that the caller wants.
func (p Paged) Page() db.Page { return db.Page{Cursor: p.Cursor, Limit: p.Limit} }
