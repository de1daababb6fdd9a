#include "outrider/dns/source.h"

#include "outrider/dns/questions.h"

namespace outrider::dns {

Result<std::shared_ptr<Source>> open_source(const Options& options) {
  return Questions::open(options);
}

}  // namespace outrider::dns
