package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"huitou/model"
	"huitou/service/aftersale"
	"huitou/service/members"
)

// Visits answers why somebody did or did not get a message, as aftersale.Service does.
type Visits interface {
	LookUp(ctx context.Context, in aftersale.LookUp) (model.MemberID, error)
	Why(ctx context.Context, in aftersale.WhyQuery) (aftersale.Why, error)
}

// shownWhy bounds the visits and the messages of the page; the newest come first.
const shownWhy = 50

// whyCard is the answer as the page shows it.
type whyCard struct {
	Member   members.View
	Answer   aftersale.Why
	Consents int // that are open
	Stops    []model.DoNotContact
	Visits   []whyVisit
	Others   []aftersale.WhyMessage // messages that belong to no visit
}

// whyVisit is a visit with its message, when it had one.
type whyVisit struct {
	aftersale.WhyVisit
	Message *aftersale.WhyMessage
}

func (c *console) whyPage(x echo.Context, v visitor) error {
	return c.render(x, http.StatusOK, "why.html", v.page("消息去向"))
}

// findWhy looks a member up by what staff typed. A phone number must not stand in an address, so this is a POST.
func (c *console) findWhy(x echo.Context, v visitor) error {
	p := v.page("消息去向")
	p.Name = strings.TrimSpace(x.Request().PostForm.Get("who"))
	ref := members.Ref{Phone: p.Name}
	if len(p.Name) == memberDigits {
		ref = members.Ref{Number: p.Name}
	}
	if p.Name == "" || len(p.Name) > maxWho {
		p.Error = "请输入会员号或手机号"
		return c.render(x, http.StatusUnprocessableEntity, "why.html", p)
	}
	if !c.AllowLookUp(v.ID) {
		p.Name, p.Error = "", tooOften
		return c.render(x, http.StatusTooManyRequests, "why.html", p)
	}
	id, err := c.Visits.LookUp(x.Request().Context(), aftersale.LookUp{Staff: v.ID, Ref: ref})
	if err != nil {
		why, status, ok := sentence(err)
		if !ok {
			return err
		}
		p.Error = why
		return c.render(x, status, "why.html", p)
	}
	return x.Redirect(http.StatusSeeOther, "/console/why/"+strconv.FormatInt(int64(id), 10))
}

const (
	memberDigits = 12 // of a member number
	maxWho       = 24 // of a phone number, as it is typed
)

func (c *console) showWhy(x echo.Context, v visitor) error {
	id, err := strconv.ParseInt(x.Param("id"), 10, 64)
	if err != nil || id < 1 {
		return c.refuse(x, http.StatusNotFound, members.ErrUnknown.Chinese)
	}
	ctx, p := x.Request().Context(), v.page("消息去向")
	card := &whyCard{}
	if card.Member, err = c.Members.Member(ctx, model.MemberID(id)); err == nil {
		card.Answer, err = c.Visits.Why(ctx, aftersale.WhyQuery{Member: model.MemberID(id)})
	}
	if errors.Is(err, members.ErrUnknown) {
		return c.refuse(x, http.StatusNotFound, members.ErrUnknown.Chinese)
	}
	if err != nil {
		return err
	}
	card.fill()
	p.Why = card
	return c.render(x, http.StatusOK, "why.html", p)
}

// fill sorts the answer by what staff ask: whether he can be reached at all, each visit with its message, and what else was sent.
func (w *whyCard) fill() {
	for _, s := range w.Answer.Stops {
		if s.LiftedAt == nil {
			w.Stops = append(w.Stops, s)
		}
	}
	for _, s := range w.Answer.Consents {
		if s.State == model.ConsentOpen {
			w.Consents++
		}
	}
	byKey := make(map[string]*aftersale.WhyMessage, len(w.Answer.Messages))
	for i := range w.Answer.Messages {
		byKey[w.Answer.Messages[i].Key] = &w.Answer.Messages[i]
	}
	for _, v := range w.Answer.Visits {
		m := byKey[v.MessageKey]
		delete(byKey, v.MessageKey)
		if len(w.Visits) < shownWhy {
			w.Visits = append(w.Visits, whyVisit{v, m})
		}
	}
	for i := len(w.Answer.Messages) - 1; i >= 0 && len(w.Others) < shownWhy; i-- { // they come oldest first
		if m := w.Answer.Messages[i]; byKey[m.Key] != nil {
			w.Others = append(w.Others, m)
		}
	}
}
