package aftersale

import "huitou/model/fault"

// Faults of parcel codes.
var (
	ErrNoParcel = fault.New(fault.Conflict, "parcels.no_parcel", "该订单没有包裹", "this kind of order has no parcel")
	ErrQR       = fault.New(fault.Unavailable, "parcels.qr_unavailable", "暂时无法生成二维码,请稍后重试", "WeChat does not make the QR code now; try again")
)
