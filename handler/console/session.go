package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"

	"huitou/model/random"
	"huitou/service/staff"
)

// Names of the cookies: the session, and a random text that the form of the sign-in page belongs to.
const (
	sessionCookie = "huitou-console"
	visitCookie   = "huitou-visit"
)

// secure is false for plain http on loopback only. Behind a proxy that ends TLS the host is a public one.
func secure(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(host)
	return r.TLS != nil || host != "localhost" && host != "[::1]" && (ip == nil || !ip.IsLoopback())
}

func cookieName(r *http.Request, name string) string {
	if secure(r) {
		return "__Host-" + name
	}
	return name
}

func cookie(x echo.Context, name string) string {
	c, err := x.Cookie(cookieName(x.Request(), name))
	if err != nil || len(c.Value) > 128 {
		return ""
	}
	return c.Value
}

// setCookie keeps a value for the browser's session; an empty one is forgotten.
func setCookie(x echo.Context, name, value string) {
	c := &http.Cookie{Name: cookieName(x.Request(), name), Value: value, Path: "/", HttpOnly: true, Secure: secure(x.Request()), SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	x.SetCookie(c)
}

// formToken is what forms of a session carry. Whoever knows the secret can reckon it, and from it nobody learns the secret.
func formToken(secret string) string {
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte("huitou console form"))
	return hex.EncodeToString(sum.Sum(nil))
}

// ours reports whether a form was made for the secret.
func ours(x echo.Context, secret string) bool {
	return secret != "" && hmac.Equal([]byte(x.Request().PostForm.Get("token")), []byte(formToken(secret)))
}

// visitor is who is signed in.
type visitor struct {
	staff.Actor
	session string
}

// page begins a page for somebody who is signed in.
func (v visitor) page(title string) page {
	return page{Title: title, Staff: v.Name, Token: formToken(v.session)}
}

// signedIn lets staff through who may take coupons.
func (c *console) signedIn(next func(echo.Context, visitor) error) echo.HandlerFunc {
	return c.may(staff.CouponsVerify, "您没有核销权限", next)
}

// worker lets staff through who work on tasks.
func (c *console) worker(next func(echo.Context, visitor) error) echo.HandlerFunc {
	return c.may(staff.TasksWork, "您没有处理任务的权限", next)
}

// reader lets staff through who may see which messages were sent.
func (c *console) reader(next func(echo.Context, visitor) error) echo.HandlerFunc {
	return c.may(staff.MessagesRead, "您没有查看消息的权限", next)
}

// tooOften is what somebody reads who asks for more than a person can.
const tooOften = "操作过于频繁,请稍后再试"

// may lets staff through who have a permission and do not ask too often, and of POSTs those with the token of this session.
func (c *console) may(p staff.Permission, refusal string, next func(echo.Context, visitor) error) echo.HandlerFunc {
	return func(x echo.Context) error {
		token := cookie(x, sessionCookie)
		if token == "" {
			return x.Redirect(http.StatusSeeOther, "/console/sign-in")
		}
		actor, err := c.Staff.Authenticate(x.Request().Context(), token)
		if errors.Is(err, staff.ErrSession) {
			setCookie(x, sessionCookie, "")
			return x.Redirect(http.StatusSeeOther, "/console/sign-in")
		}
		if err != nil {
			return err
		}
		if !c.Allow(actor.ID) {
			return c.refuse(x, http.StatusTooManyRequests, tooOften)
		}
		if x.Request().Method == http.MethodPost && !ours(x, token) {
			return c.refuse(x, http.StatusForbidden, "页面已失效,请返回后重试")
		}
		if !actor.May(p) {
			return c.refuse(x, http.StatusForbidden, refusal)
		}
		return next(x, visitor{actor, token})
	}
}

func (c *console) signInPage(x echo.Context) error { return c.askToSignIn(x, http.StatusOK, "", "") }

func (c *console) askToSignIn(x echo.Context, status int, name, why string) error {
	visit := cookie(x, visitCookie)
	if visit == "" {
		visit = random.Token()
		setCookie(x, visitCookie, visit)
	}
	return c.render(x, status, "sign-in.html", page{Title: "员工登录", Token: formToken(visit), Name: name, Error: why})
}

func (c *console) signIn(x echo.Context) error {
	if !ours(x, cookie(x, visitCookie)) {
		return c.askToSignIn(x, http.StatusForbidden, "", "页面已失效,请重新登录")
	}
	ctx, f := x.Request().Context(), x.Request().PostForm
	name, password := f.Get("name"), f.Get("password")
	if name == "" || password == "" || len(name) > 128 || len(password) > 1024 {
		return c.askToSignIn(x, http.StatusUnprocessableEntity, "", "请输入账号和密码")
	}
	opened, err := c.Staff.SignIn(ctx, name, password, x.RealIP())
	if err != nil {
		if why, status, ok := sentence(err); ok {
			return c.askToSignIn(x, status, name, why)
		}
		return err
	}
	if old := cookie(x, sessionCookie); old != "" { // one session for one browser
		if err := c.Staff.SignOut(ctx, old); err != nil {
			return err
		}
	}
	setCookie(x, visitCookie, "")
	setCookie(x, sessionCookie, opened.Token)
	return x.Redirect(http.StatusSeeOther, "/console")
}

func (c *console) signOut(x echo.Context, v visitor) error {
	if err := c.Staff.SignOut(x.Request().Context(), v.session); err != nil {
		return err
	}
	setCookie(x, sessionCookie, "")
	return x.Redirect(http.StatusSeeOther, "/console/sign-in")
}
