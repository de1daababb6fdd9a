#include "outrider/dns/source.h"

#include "outrider/dns/forwarder_source.h"
#include "outrider/dns/questions.h"
#include "outrider/dns/second_opinion.h"

namespace outrider::dns {
namespace {

// A hosts file is libunbound's alone: a resolver would not know it, or say otherwise.
Result<void> check_for_forwarders(const Options& options) {
  if (options.validation == Validation::Own || options.hosts_file.empty()) return {};
  return fail(Blame::Operator, "a hosts file", "goes with our own validation alone", "dns");
}

}  // namespace

Result<std::shared_ptr<Source>> open_source(const Options& options) {
  if (auto checked = check_for_forwarders(options); !checked) {
    return std::unexpected(checked.error());
  }
  if (options.validation == Validation::Own) return Questions::open(options);
  auto forwarders = ForwarderSource::open(options);
  if (!forwarders || options.validation == Validation::Resolver) return forwarders;
  auto own = Questions::open(options);
  if (!own) return std::unexpected(own.error());
  return std::make_shared<SecondOpinion>(std::move(*own), std::move(*forwarders));
}

}  // namespace outrider::dns
