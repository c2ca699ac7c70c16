package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"huitou/model"
	"huitou/service/members"
	"huitou/service/tasks"
)

// shownTasks is how many tasks the page shows; the earliest due come first.
const shownTasks = 50

// taskCard is one task as the page shows it.
type taskCard struct {
	ID     model.TaskID
	Kind   string
	Title  string
	Detail string
	Due    string
	Late   bool
	Store  string
	Mine   bool
	Open   bool // the form to close it
	Tel    string
	Member members.View
}

// result is one thing that can come of a task.
type result struct {
	Value model.TaskResult
	Text  string
}

// Results are the choices of the form.
func (page) Results() []result {
	list := make([]result, len(model.TaskResults))
	for i, r := range model.TaskResults {
		list[i] = result{r, taskResults[r]}
	}
	return list
}

func (c *console) tasks(x echo.Context, v visitor) error {
	return c.listTasks(x, v, http.StatusOK, "", 0, "")
}

// listTasks shows the list; tel is the number of the task that somebody is about to call about.
func (c *console) listTasks(x echo.Context, v visitor, status int, why string, at model.TaskID, tel string) error {
	ctx := x.Request().Context()
	list, err := c.Tasks.Waiting(ctx, v.ID, shownTasks)
	if err != nil {
		return err
	}
	p := v.page("任务")
	p.Error = why
	today := model.DayOf(c.Now(), model.Shanghai)
	for _, t := range list {
		card := taskCard{ID: t.ID, Kind: kindWord(t.Kind), Title: t.Title, Detail: t.Detail, Due: dueWord(t.Due, today), Late: t.Due.Before(today),
			Store: t.Store, Mine: t.Staff == v.ID}
		if t.ID == at {
			card.Tel, card.Open = tel, true
		}
		if card.Member, err = c.Members.Member(ctx, t.Member); err != nil && !errors.Is(err, members.ErrUnknown) {
			return err
		}
		p.Tasks = append(p.Tasks, card)
	}
	return c.render(x, status, "tasks.html", p)
}

func (c *console) takeTask(x echo.Context, v visitor) error {
	id, ok := taskID(x)
	if !ok {
		return c.refuse(x, http.StatusNotFound, tasks.ErrUnknown.Chinese)
	}
	_, err := c.Tasks.Take(x.Request().Context(), v.ID, id)
	return c.backToTasks(x, v, id, err)
}

func (c *console) taskPhone(x echo.Context, v visitor) error {
	id, ok := taskID(x)
	if !ok {
		return c.refuse(x, http.StatusNotFound, tasks.ErrUnknown.Chinese)
	}
	phone, err := c.Tasks.Phone(x.Request().Context(), v.ID, id)
	if err != nil {
		return c.backToTasks(x, v, id, err)
	}
	return c.listTasks(x, v, http.StatusOK, "", id, phone)
}

func (c *console) closeTask(x echo.Context, v visitor) error {
	id, ok := taskID(x)
	if !ok {
		return c.refuse(x, http.StatusNotFound, tasks.ErrUnknown.Chinese)
	}
	f := x.Request().PostForm
	_, err := c.Tasks.Close(x.Request().Context(), tasks.Close{Staff: v.ID, Task: id, Result: model.TaskResult(f.Get("result")),
		Note: strings.ReplaceAll(strings.TrimSpace(f.Get("note")), "\r\n", "\n")})
	return c.backToTasks(x, v, id, err)
}

// backToTasks shows the list again, with what was refused.
func (c *console) backToTasks(x echo.Context, v visitor, id model.TaskID, err error) error {
	if err == nil {
		return x.Redirect(http.StatusSeeOther, "/console/tasks#task-"+strconv.FormatInt(int64(id), 10))
	}
	if why, status, ok := sentence(err); ok {
		return c.listTasks(x, v, status, why, id, "")
	}
	return err
}

func taskID(x echo.Context) (model.TaskID, bool) {
	id, err := strconv.ParseInt(x.Param("id"), 10, 64)
	return model.TaskID(id), err == nil && id > 0
}

func kindWord(k model.TaskKind) string {
	switch k {
	case model.TaskLowScore:
		return "低分回访"
	case model.TaskVisit:
		return "人工回访"
	case model.TaskParcel:
		return "包裹问题"
	case model.TaskPrivacy:
		return "个人信息删除"
	case model.TaskReward:
		return "补发奖励"
	}
	return string(k)
}

func dueWord(due, today model.Day) string {
	switch due.Sub(today) {
	case 0:
		return "今天"
	case 1:
		return "明天"
	}
	return due.String()
}
