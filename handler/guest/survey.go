package guest

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"huitou/model/fault"
	"huitou/service/surveys"
)

type guest struct {
	surveys Surveys
	prefix  string
}

// page is what every page knows.
type page struct {
	Title, Error, Intro string
	Assets, Action      string
	Points              int64 // promised, or given
	Coupon              bool
	Questions           []question
}

// question is one as the form shows it.
type question struct {
	surveys.Question
	Field   string
	Choices []choice
	Typed   string
}

type choice struct {
	Value   int64
	Text    string
	Checked bool
}

func (g *guest) ask(x echo.Context) error {
	v, over, err := g.invitation(x)
	if err != nil || over {
		return err
	}
	return g.show(x, http.StatusOK, v, nil, "")
}

// invitation returns the survey of the link, or shows why there is none to answer.
func (g *guest) invitation(x echo.Context) (v surveys.Invitation, over bool, err error) {
	v, err = g.surveys.ByToken(x.Request().Context(), x.Param("token"))
	if errors.Is(err, surveys.ErrUnknown) {
		return v, true, g.over(x, http.StatusNotFound, "链接无效或已失效")
	}
	if err == nil && v.AnsweredAt != nil {
		return v, true, g.over(x, http.StatusOK, "已收到您的回答,谢谢!")
	}
	return v, false, err
}

func (g *guest) over(x echo.Context, status int, title string) error {
	return render(x, status, "over.html", page{Title: title, Assets: g.prefix + "assets"})
}

func (g *guest) show(x echo.Context, status int, v surveys.Invitation, typed func(string) string, why string) error {
	p := page{Title: v.Survey.Name, Intro: v.Survey.Intro, Error: why, Points: int64(v.Points), Coupon: v.Coupon, Assets: g.prefix + "assets", Action: x.Request().URL.Path}
	for i, q := range v.Survey.Questions {
		field := "q" + strconv.Itoa(i+1)
		f := question{Question: q, Field: field}
		if typed != nil {
			f.Typed = typed(field)
		}
		add := func(n int64, text string) {
			f.Choices = append(f.Choices, choice{n, text, f.Typed == strconv.FormatInt(n, 10)})
		}
		switch q.Kind {
		case surveys.Score:
			for n := q.Least(); n <= q.Most; n++ {
				add(n, strconv.FormatInt(n, 10))
			}
		case surveys.Choice:
			for j, o := range q.Options {
				add(int64(j+1), o.Text)
			}
		}
		p.Questions = append(p.Questions, f)
	}
	return render(x, status, "survey.html", p)
}

func (g *guest) answer(x echo.Context) error {
	v, over, err := g.invitation(x)
	if err != nil || over {
		return err
	}
	typed := func(field string) string { return strings.TrimSpace(x.Request().PostForm.Get(field)) }
	thanks, err := g.surveys.Answer(x.Request().Context(), surveys.Answer{Token: x.Param("token"), Given: given(v, typed)})
	switch f := fault.Of(err); {
	case err == nil:
		return render(x, http.StatusOK, "thanks.html", page{Title: "谢谢您的回答", Points: int64(thanks.Points), Coupon: thanks.Coupon != "", Assets: g.prefix + "assets"})
	case errors.Is(err, surveys.ErrAnswered):
		return g.over(x, http.StatusOK, "已收到您的回答,谢谢!")
	case errors.Is(err, fault.ErrInvalid):
		return g.show(x, http.StatusUnprocessableEntity, v, typed, "还有题目没有填好,请检查后再提交")
	case f != nil && f.Kind != fault.Unavailable:
		return g.over(x, http.StatusConflict, f.Chinese)
	case f != nil:
		return g.show(x, http.StatusServiceUnavailable, v, typed, f.Chinese)
	}
	return err
}

// given reads the form; what is no number stays out and is missed by the service when it is required.
func given(v surveys.Invitation, typed func(string) string) (list []surveys.Given) {
	for i, q := range v.Survey.Questions {
		text := typed("q" + strconv.Itoa(i+1))
		if text == "" {
			continue
		}
		g := surveys.Given{Question: int64(i + 1)}
		if q.Kind == surveys.Text {
			g.Text = strings.ReplaceAll(text, "\r\n", "\n")
		} else if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			g.Number = &n
		}
		list = append(list, g)
	}
	return list
}
