package app

import "huitou/handler/guest"

// surveyLink is where the links of surveys lead, parcelLink those that are printed on cards in parcels; a token follows. What is printed
// can never be called back: parcelLink must not change.
const (
	surveyLink = "/s/"
	parcelLink = "/p/"
)

// guests adds the pages for customers who come by a link.
func (a *App) guests() {
	guest.Routes(a.Echo, surveyLink, a.Surveys)
	guest.Home(a.Echo, surveyLink+"assets", "/console", "/docs")
	guest.ParcelRoutes(a.Echo, parcelLink, surveyLink+"assets", a.Aftersale)
}
