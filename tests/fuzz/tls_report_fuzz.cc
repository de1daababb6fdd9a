// Any bytes as a mail with a report, as gzip, as JSON: bounded, and what is read can be written and
// read again.
#include <cstdint>
#include <cstdlib>

#include "outrider/report/gzip.h"
#include "outrider/report/inbox.h"
#include "outrider/report/rua.h"

namespace {

constexpr std::size_t most = 1 << 16;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const outrider::Result<outrider::report::TlsReport>& read) {
  using namespace outrider::report;
  if (!read) {
    require(!read.error().text().empty());
    return;
  }
  const auto again = parse_report(report_json(*read));
  require(again && again->policies.size() == read->policies.size());
  require(failures(*again) == failures(*read));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace outrider::report;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  check(report_of_mail(bytes, {.most_mail = most, .most_json = most}));
  check(parse_report(bytes));
  if (const auto text = gunzip(bytes, most)) require(text->size() <= most);
  require(report_targets({bytes}).size() <= 10);
  return 0;
}
