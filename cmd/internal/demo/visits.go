package demo

import (
	"context"
	"fmt"

	"huitou/cmd/internal/app"
	"huitou/model"
	"huitou/service/aftersale"
	"huitou/service/surveys"
)

const dayMinutes = 24 * 60

// seedVisits gives the shop three visits after every parcel that is scanned, the second with a survey, in place of the plan that every
// shop begins with.
func seedVisits(ctx context.Context, a *app.App, owner model.StaffID) error {
	survey, err := a.Surveys.Create(ctx, surveys.NewSurvey{
		Staff: owner, Name: "这次购物还满意吗", Intro: "三个问题,一分钟填完。您怎么说都一样送积分,请照实填写。",
		Questions: []surveys.Question{
			{Kind: surveys.Score, Ask: "您有多大可能把我们推荐给朋友?", Required: true, Most: 10},
			{Kind: surveys.Choice, Ask: "包裹送到时怎么样?", Required: true, Options: []surveys.Option{{Text: "完好"}, {Text: "外盒有压痕,东西没事"}, {Text: "东西有破损", Problem: true}}},
			{Kind: surveys.Text, Ask: "还有什么想对我们说的?", Most: 200},
		},
	})
	if err != nil {
		return fmt.Errorf("make the survey: %w", err)
	}
	if _, err := a.Surveys.Open(ctx, owner, survey.ID); err != nil {
		return fmt.Errorf("open the survey: %w", err)
	}
	if _, err := a.Aftersale.End(ctx, owner, aftersale.FirstPlan); err != nil {
		return fmt.Errorf("end the first plan: %w", err)
	}
	visit := func(after int64, text string) aftersale.VisitTerms {
		return aftersale.VisitTerms{
			DelayMinutes: after, FromMinute: 10 * 60, ToMinute: 20 * 60, Channels: []model.MessageChannel{model.ChannelOATemplate, aftersale.ByStaff},
			Purpose: model.PurposeCare, Template: "visit1", Texts: map[string]string{"advice": text}, ShareBP: 10_000,
		}
	}
	first, second, third := visit(0, "先看包装里的说明,有问题直接回复我们"), visit(7*dayMinutes, "用得还好吗?点开说说,送50积分"), visit(30*dayMinutes, "快用完了吧?需要补货随时找我们")
	first.FromMinute, first.ToMinute, first.Purpose, first.Channels = 0, dayMinutes, model.PurposeService, first.Channels[:1]
	second.Survey, second.AnswerDays, second.Reward = survey.ID, 14, surveys.Reward{Points: 50}
	plan, err := a.Aftersale.CreatePlan(ctx, aftersale.NewPlan{Staff: owner, Name: "收货三访", Trigger: model.VisitOnScan, Terms: aftersale.Terms{
		CoolingDays: 7, MaxLateDays: 3, Stop: []aftersale.StopCondition{aftersale.StopRefunded, aftersale.StopUnfollowed, aftersale.StopComplaint},
		Visits: []aftersale.VisitTerms{first, second, third},
	}})
	if err != nil {
		return fmt.Errorf("make the plan: %w", err)
	}
	if _, err := a.Aftersale.Activate(ctx, owner, plan.ID); err != nil {
		return fmt.Errorf("activate the plan: %w", err)
	}
	return nil
}
