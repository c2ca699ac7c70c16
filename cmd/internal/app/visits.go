package app

import "huitou/handler/guest"

// surveyLink is where the links of surveys lead, followed by a token.
const surveyLink = "/s/"

// guests adds the pages for customers who come by a link.
func (a *App) guests() { guest.Routes(a.Echo, surveyLink, a.Surveys) }
