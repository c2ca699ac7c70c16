package payments

import "huitou/model"

// SetVirtual offers virtual payment in a service that was made without.
func (s *Service) SetVirtual(g VirtualGateway) {
	s.channels[model.ChannelVirtual], s.offerID = virtual{g}, g.OfferID()
}
