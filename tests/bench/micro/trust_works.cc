#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "outrider/base/log.h"
#include "outrider/policy/ledger.h"
#include "outrider/trust/decide.h"
#include "tests/bench/micro/works.h"

namespace outrider::bench_micro {
namespace {

trust::Facts facts_of(bool published) {
  trust::Facts facts;
  facts.destination = "example.org";
  facts.mx_host = "mx1.example.org";
  if (!published) return facts;
  facts.sts = trust::StsPolicy{.mode = trust::StsMode::Enforce, .mx = {"*.example.org"}};
  return facts;
}

Work decision(const std::string& name, bool published) {
  return {name, "decision", 0, [facts = facts_of(published)] {
            if (trust::decide(facts).reasons.empty()) std::abort();
          }};
}

// Ten thousand hosts, seen in turn.
class Ledger {
 public:
  Ledger() : log_(options()), ledger_({}, nullptr, log_) {
    facts_.version = "TLSv1.3";
    facts_.cipher = "TLS_AES_256_GCM_SHA384";
    facts_.group = "X25519";
    facts_.peer_key_digest = std::string(64, 'a');
    facts_.peer_digest = std::string(64, 'b');
    for (int i = 0; i < 10000; ++i) {
      hosts_.push_back(fmt::format("mx.{}.example:25", i));
      domains_.push_back(fmt::format("{}.example", i));
    }
    for (std::size_t i = 0; i < hosts_.size(); ++i) session();
  }

  void session() {
    next_ = (next_ + 1) % hosts_.size();
    const trust::Sighting sighting{.host = hosts_[next_], .domain = domains_[next_], .when = now()};
    ledger_.secured(sighting, facts_);
  }

  void look() {
    next_ = (next_ + 1) % hosts_.size();
    if (ledger_.past(hosts_[next_], domains_[next_], now()) == trust::Past::Released) std::abort();
  }

 private:
  static LogOptions options() {
    LogOptions options;
    options.path = "/dev/null";
    return options;
  }

  Log log_;
  policy::Ledger ledger_;
  TlsFacts facts_;
  std::vector<std::string> hosts_, domains_;
  std::size_t next_ = 0;
};

}  // namespace

std::vector<Work> trust_works() {
  const auto ledger = std::make_shared<Ledger>();
  return {decision("decide, nothing published", false),
          decision("decide, MTA-STS", true),
          {"ledger, a session", "session", 0, [ledger] { ledger->session(); }},
          {"ledger, a look", "look", 0, [ledger] { ledger->look(); }}};
}

}  // namespace outrider::bench_micro
