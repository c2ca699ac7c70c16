package app

import (
	"context"

	"huitou/wechat"
)

func (offline) Fans(context.Context, string) ([]string, int64, error) { return nil, 0, errOffline }

func (offline) FanInfos(context.Context, []string) ([]wechat.Follower, error) { return nil, errOffline }
