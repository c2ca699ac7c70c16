package app

// surveyLink is where the links of surveys lead, followed by a token.
const surveyLink = "/s/"
