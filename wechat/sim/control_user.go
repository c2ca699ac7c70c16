package sim

import (
	"net/http"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

type userBody struct {
	ID          string    `json:"id"`
	Nickname    string    `json:"nickname"`
	Phone       string    `json:"phone"`
	UnionID     string    `json:"unionid"`
	OAOpenID    string    `json:"oa_openid"`
	MiniOpenID  string    `json:"mini_openid"`
	Followed    bool      `json:"followed"`
	FollowedAt  time.Time `json:"followed_at,omitzero"`
	Scene       string    `json:"scene,omitempty"`
	Blocked     bool      `json:"blocked"`
	Risky       bool      `json:"risky"`
	Unreachable bool      `json:"unreachable"`
	Messages    int       `json:"messages"`
}

func (u *customer) body() userBody {
	b := userBody{
		ID: u.ID, Nickname: u.Nickname, Phone: u.Phone, UnionID: u.UnionID, OAOpenID: u.openID[kindOA],
		MiniOpenID: u.openID[kindMini], Followed: u.followed, Scene: u.scene, Blocked: u.blocked, Risky: u.risky, Unreachable: u.unreachable,
	}
	if u.followed {
		b.FollowedAt = u.followedAt
	}
	if n := len(u.inbox); n > 0 {
		b.Messages = u.inbox[n-1].Seq
	}
	return b
}

var mobile = regexp.MustCompile(`^1\d{10}$`)

func (s *Sim) ctlCreateUser(r *http.Request) (any, error) {
	var in struct {
		Nickname string `json:"nickname"`
		Phone    string `json:"phone"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(in.Nickname) > 32 || (in.Phone != "" && !mobile.MatchString(in.Phone)) {
		return nil, &refusal{http.StatusBadRequest, "user_invalid", "昵称最多32个字，手机号须为11位"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.people[in.Phone] != nil {
		return nil, refuse("phone_taken", "这个手机号已有顾客")
	}
	return s.addCustomer(in.Nickname, in.Phone).body(), nil
}

func (s *Sim) ctlUsers(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	users := make([]userBody, len(s.customers))
	for i, u := range s.customers {
		users[i] = u.body()
	}
	return map[string]any{"users": users}, nil
}

func (s *Sim) ctlUser(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.named(r)
	if err != nil {
		return nil, err
	}
	return u.body(), nil
}

func (s *Sim) ctlTraits(r *http.Request) (any, error) {
	var in struct {
		Blocked     *bool `json:"blocked"`
		Risky       *bool `json:"risky"`
		Unreachable *bool `json:"unreachable"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.named(r)
	if err != nil {
		return nil, err
	}
	if in.Blocked != nil {
		u.blocked = *in.Blocked
	}
	if in.Unreachable != nil {
		u.unreachable = *in.Unreachable
	}
	if in.Risky != nil {
		u.risky = *in.Risky
	}
	return u.body(), nil
}

func (s *Sim) ctlLogin(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.named(r)
	if err != nil {
		return nil, err
	}
	return map[string]any{"js_code": s.issueCode("login", u, ""), "expires_in": int(codeLife / time.Second)}, nil
}

func (s *Sim) ctlPhone(r *http.Request) (any, error) {
	var in struct {
		Phone string `json:"phone"` // another number than the customer's own
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	if in.Phone != "" && !mobile.MatchString(in.Phone) {
		return nil, &refusal{http.StatusBadRequest, "phone_invalid", "手机号须为11位"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.named(r)
	if err != nil {
		return nil, err
	}
	if in.Phone == "" {
		in.Phone = u.Phone
	}
	return map[string]any{"code": s.issueCode("phone", u, in.Phone), "expires_in": int(codeLife / time.Second)}, nil
}

func (s *Sim) ctlFollow(r *http.Request) (any, error) {
	var in struct {
		Ticket string `json:"ticket"`
		Scene  string `json:"scene"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	return s.acting(r, func(u *customer) (*Delivery, error) { return s.follow(u, in.Ticket, in.Scene) })
}

func (s *Sim) ctlUnfollow(r *http.Request) (any, error) { return s.acting(r, s.unfollow) }

func (s *Sim) ctlScan(r *http.Request) (any, error) {
	var in struct {
		Ticket string `json:"ticket"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	if in.Ticket == "" {
		return nil, errNoQRCode
	}
	return s.acting(r, func(u *customer) (*Delivery, error) { return s.scan(u, in.Ticket) })
}

func (s *Sim) ctlSendText(r *http.Request) (any, error) {
	var in struct {
		Content string  `json:"content"`
		App     appKind `json:"app"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	if in.App == "" {
		in.App = kindOA
	}
	if in.Content == "" || len(in.Content) > 4096 || (in.App != kindOA && in.App != kindMini) {
		return nil, &refusal{http.StatusBadRequest, "message_invalid", "content 不能为空或太长，app 须为 oa 或 mini"}
	}
	return s.acting(r, func(u *customer) (*Delivery, error) { return s.sendText(u, in.App, in.Content) })
}

func (s *Sim) ctlClick(r *http.Request) (any, error) {
	var in struct {
		Key string `json:"key"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	if in.Key == "" || len(in.Key) > 128 {
		return nil, &refusal{http.StatusBadRequest, "key_invalid", "key 须为1至128字节"}
	}
	return s.acting(r, func(u *customer) (*Delivery, error) { return s.click(u, in.Key) })
}

func (s *Sim) ctlTapMenu(r *http.Request) (any, error) {
	var in struct {
		At []int `json:"at"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	return s.acting(r, func(u *customer) (*Delivery, error) { return s.tapMenu(u, in.At) })
}

func (s *Sim) ctlMenu(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.menu == nil {
		return map[string]any{"button": []button{}}, nil
	}
	return map[string]any{"button": shownButtons(s.menu.buttons)}, nil
}

func (s *Sim) ctlInbox(r *http.Request) (any, error) {
	after, err := queryInt(r, "after", 0, 1<<62)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.named(r)
	if err != nil {
		return nil, err
	}
	messages := slices.Clone(u.inbox)
	messages = slices.DeleteFunc(messages, func(m Message) bool { return uint64(m.Seq) <= after })
	if messages == nil {
		messages = []Message{}
	}
	return map[string]any{"user": u.body(), "messages": messages}, nil
}
