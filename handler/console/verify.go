package console

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/service/coupons"
)

// form is what staff typed about a coupon.
type form struct {
	Code, Store, Amount, OrderNumber string
	// Key makes two taps on one button one verification.
	Key string
}

func formOf(x echo.Context) form {
	f := x.Request().PostForm
	word := func(name string) string { return strings.TrimSpace(f.Get(name)) }
	return form{Code: word("code"), Store: word("store"), Amount: word("amount"), OrderNumber: word("order_number"), Key: word("key")}
}

// at returns the command's part of the form, or why it is none.
func (f form) at(v visitor) (coupons.At, string) {
	in := coupons.At{Staff: v.ID, Code: f.Code, Store: f.Store}
	if f.Amount == "" {
		return in, ""
	}
	amount, err := model.ParseYuan(f.Amount)
	if err != nil || amount < 0 || amount > model.MaxFen {
		return in, "金额请按元填写,例如 128 或 128.50"
	}
	in.Amount = amount
	return in, ""
}

func (c *console) home(x echo.Context, v visitor) error {
	return c.render(x, http.StatusOK, "home.html", v.page("核销"))
}

// again shows the first page once more, with what was typed and what is wrong with it.
func (c *console) again(x echo.Context, v visitor, status int, f form, why string) error {
	p := v.page("核销")
	p.Form, p.Error = f, why
	return c.render(x, status, "home.html", p)
}

// show is the first tap: what the coupon is, and whether it would be taken.
func (c *console) show(x echo.Context, v visitor) error {
	f := formOf(x)
	in, why := f.at(v)
	if why != "" {
		return c.again(x, v, http.StatusUnprocessableEntity, f, why)
	}
	f.Key = random.ID()
	return c.shown(x, v, http.StatusOK, f, in, "")
}

// shown shows a coupon; why is the refusal of a verification that was tried.
func (c *console) shown(x echo.Context, v visitor, status int, f form, in coupons.At, why string) error {
	ctx := x.Request().Context()
	found, err := c.Coupons.Show(ctx, in)
	if err != nil {
		if why, status, ok := sentence(err); ok {
			return c.again(x, v, status, f, why)
		}
		return err
	}
	holder, err := c.Members.Member(ctx, found.Member)
	if err != nil {
		return err
	}
	p := v.page("核销")
	p.Form, p.Coupon, p.Holder, p.Error = f, &found, holder, why
	if text, _, ok := sentence(found.Refusal); ok && why == "" {
		p.Error = text
	}
	return c.render(x, status, "coupon.html", p)
}

// verify is the second tap.
func (c *console) verify(x echo.Context, v visitor) error {
	f := formOf(x)
	in, why := f.at(v)
	if why != "" || f.Key == "" || len(f.Key) > 64 {
		return c.again(x, v, http.StatusUnprocessableEntity, f, why)
	}
	done, err := c.Coupons.Verify(x.Request().Context(), coupons.Verify{At: in, OrderNumber: f.OrderNumber,
		Key: db.Key{Scope: scope("verify", v), Key: f.Key}})
	if err != nil {
		if why, status, ok := sentence(err); ok {
			f.Key = random.ID()
			return c.shown(x, v, status, f, in, why)
		}
		return err
	}
	return x.Redirect(http.StatusSeeOther, "/console/verifications/"+string(done.ID))
}

func (c *console) result(x echo.Context, v visitor) error { return c.resultWith(x, v, "") }

func (c *console) resultWith(x echo.Context, v visitor, why string) error {
	done, err := c.Coupons.Verification(x.Request().Context(), model.PublicID(x.Param("id")))
	if err != nil {
		if why, status, ok := sentence(err); ok {
			return c.again(x, v, status, form{}, why)
		}
		return err
	}
	p := v.page("核销结果")
	p.Done, p.Error = &done, why
	p.Form.Store = done.Store
	status := http.StatusOK
	if why != "" {
		status = http.StatusConflict
	}
	return c.render(x, status, "result.html", p)
}

func (c *console) undo(x echo.Context, v visitor) error {
	id := model.PublicID(x.Param("id"))
	_, err := c.Coupons.Undo(x.Request().Context(), coupons.Undo{Staff: v.ID, Verification: id, Reason: x.Request().PostForm.Get("reason")})
	if err != nil {
		if why, _, ok := sentence(err); ok {
			return c.resultWith(x, v, why)
		}
		return err
	}
	return x.Redirect(http.StatusSeeOther, "/console/verifications/"+string(id))
}
