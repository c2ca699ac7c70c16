package app

import (
	"context"

	"huitou/wechat"
)

func (offline) Tags(context.Context) ([]wechat.FanTag, error)                { return nil, errOffline }
func (offline) CreateTag(context.Context, string) (t wechat.FanTag, e error) { return t, errOffline }
func (offline) RenameTag(context.Context, int64, string) error               { return errOffline }
func (offline) DeleteTag(context.Context, int64) error                       { return errOffline }
func (offline) TagFans(context.Context, int64, []string) error               { return errOffline }
func (offline) UntagFans(context.Context, int64, []string) error             { return errOffline }
func (offline) TaggedFans(context.Context, int64, string) ([]string, string, error) {
	return nil, "", errOffline
}
func (offline) TagsOf(context.Context, string) ([]int64, bool, error) { return nil, false, errOffline }
