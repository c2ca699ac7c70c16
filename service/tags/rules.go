package tags

import (
	"huitou/model"
	"huitou/wechat"
)

// step is what the comparison does about one member and tag.
type step string

const (
	stepNone        step = ""
	stepNote        step = "note"         // both have it: remember that
	stepForget      step = "forget"       // neither has it: nothing is left to remember
	stepAddHere     step = "add_here"     // put on there
	stepRemoveHere  step = "remove_here"  // taken away there
	stepAddThere    step = "add_there"    // put on here
	stepRemoveThere step = "remove_there" // taken away here
)

// meeting is what stands here, what stood there at the last meeting, and what stands there now. Known says that there is a row: without
// one nothing ever stood here.
type meeting struct{ known, here, last, there bool }

// next decides by the table of doc.go.
func (m meeting) next() step {
	switch {
	case m.here && m.there && m.last:
		return stepNone
	case m.here && m.there:
		return stepNote
	case m.here && m.last:
		return stepRemoveHere
	case m.here:
		return stepAddThere
	case m.there && m.known:
		return stepRemoveThere
	case m.there:
		return stepAddHere
	case m.known:
		return stepForget
	}
	return stepNone
}

// tagStep is what the comparison does about a tag of ours.
type tagStep string

const (
	tagNone        tagStep = ""
	tagCreate      tagStep = "create"       // make it there
	tagBind        tagStep = "bind"         // one there has its name: they become one
	tagRenameHere  tagStep = "rename_here"  // take over the name from there
	tagRenameThere tagStep = "rename_there" // give ours
	tagUnshare     tagStep = "unshare"      // deleted there
	tagDelete      tagStep = "delete"       // ended here: delete it there
	tagUnbind      tagStep = "unbind"       // ended here and gone there
)

// account is the tags there, as the comparison looks them up.
type account struct {
	byID   map[int64]wechat.FanTag
	byName map[string]wechat.FanTag // without the platform's own
}

func accountOf(list []wechat.FanTag) account {
	a := account{byID: map[int64]wechat.FanTag{}, byName: map[string]wechat.FanTag{}}
	for _, t := range list {
		a.byID[t.ID] = t
		if t.ID >= wechat.FirstTag {
			a.byName[t.Name] = t
		}
	}
	return a
}

// meet decides about a tag of ours that is shared or bound to one there. freeHere tells whether no other tag in use here has a name; bound
// tells whether a tag there belongs to another one of ours already.
func (a account) meet(t model.Tag, freeHere func(name string) bool, bound func(id int64) bool) tagStep {
	if t.WeChatID == nil {
		switch there, ok := a.byName[t.Name]; {
		case t.EndedAt != nil || !t.Shared:
			return tagNone
		case ok && !bound(there.ID):
			return tagBind
		case ok:
			return tagNone // the other one will be renamed; this one has its turn the next time
		}
		return tagCreate
	}
	there, ok := a.byID[*t.WeChatID]
	switch {
	case t.EndedAt != nil && ok:
		return tagDelete
	case t.EndedAt != nil:
		return tagUnbind
	case !ok:
		return tagUnshare
	case !t.Shared || there.Name == t.Name:
		return tagNone
	case t.Name == t.WeChatName && freeHere(there.Name) && len(faults(there.Name, "")) == 0:
		return tagRenameHere
	}
	return tagRenameThere
}
