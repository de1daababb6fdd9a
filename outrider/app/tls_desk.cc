#include "outrider/app/tls_desk.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <boost/json/array.hpp>
#include <utility>

#include "outrider/app/ask.h"
#include "outrider/app/tls_explain.h"
#include "outrider/app/tls_ledger.h"
#include "outrider/base/text.h"
#include "outrider/deliver/on_pool.h"
#include "outrider/deliver/outlook.h"
#include "outrider/smtp/domain_name.h"
#include "outrider/trust/suggest.h"

namespace outrider::app {
namespace json = boost::json;
namespace asio = boost::asio;
namespace {

json::object failure(std::string why) { return {{"ok", false}, {"error", std::move(why)}}; }

// An address, or a domain alone.
std::optional<Address> meant(const std::string& about) {
  const auto at = about.rfind('@');
  const auto domain =
      smtp::to_a_labels(at == std::string::npos ? about : about.substr(at + 1), true);
  if (!domain) return std::nullopt;
  return Address{at == std::string::npos ? "" : about.substr(0, at), to_lower(*domain)};
}

json::object nobody(const std::string& about) {
  return failure("\"" + printable(about) + "\" is no address and no domain");
}

asio::awaitable<json::object> explain(TlsDesk& desk, const json::object& request) {
  const auto about = text(request, "about");
  const auto recipient = meant(about);
  if (!recipient) co_return nobody(about);
  const auto wished = text(request, "wish");
  const auto wish = wished == "requiretls"     ? trust::Wish::RequireTls
                    : wished == "tls-optional" ? trust::Wish::TlsOptional
                                               : trust::Wish::Nothing;
  const deliver::Explanation explanation = co_await desk.deliverer.explain(*recipient, wish);
  co_return explanation_to_json(explanation);
}

// A destination as alarms name it: a domain, or `smtp://relay.example:587`.
struct Named {
  std::string name, key;
};
std::optional<Named> named(const TlsDesk& desk, const std::string& about) {
  if (about.contains("://")) return Named{about, about};
  const auto recipient = meant(about);
  if (!recipient) return std::nullopt;
  const auto destination = desk.deliverer.destination(*recipient);
  return Named{deliver::ledger_name(destination), destination.key};
}

// What waited for the host's TLS goes at once, where the ruling lets it.
asio::awaitable<json::object> release(TlsDesk& desk, const json::object& request,
                                      const std::string& who) {
  const auto about = named(desk, text(request, "about"));
  if (!about) co_return nobody(text(request, "about"));
  const auto ruling = policy::ruling_named(text(request, "ruling"));
  if (!ruling) co_return failure("a ruling is plaintext-once, accept-new or keep");
  const auto& domain = about->name;
  auto rule = [&] { return desk.ledger.rule(domain, *ruling, who, now()); };
  const Result<policy::Ruled> ruled = co_await deliver::on_pool(*desk.disk, rule);
  if (!ruled) co_return failure(ruled.error().input);
  std::uint64_t tried = 0;
  if (*ruling != policy::Ruling::Keep) {
    queue::Filter filter;
    filter.destination = about->key;
    filter.for_tls = true;
    const auto applied = co_await desk.queue.apply(queue::Action::Retry, filter);
    if (!applied) co_return failure(applied.error().text());
    tried = *applied;
  }
  json::object answer{{"ok", true}, {"domain", domain}, {"ruling", name(*ruling)}};
  answer["missing"] = json::array(ruled->missing.begin(), ruled->missing.end());
  if (ruled->until) answer["until"] = rfc3339(*ruled->until);
  answer["tried"] = tried;
  co_return answer;
}

json::object suggest(TlsDesk& desk, const json::object& request) {
  const auto days = std::clamp<std::int64_t>(number(request, "days"), 1, 30);
  json::array domains;
  for (const auto& [domain, record] : desk.ledger.domains()) {
    std::vector<trust::HostRecord> hosts;
    for (const auto& host : record.hosts) {
      if (auto known = desk.ledger.host(host)) hosts.push_back(std::move(*known));
    }
    const auto destination = desk.deliverer.destination({"", domain});
    const auto suggestion =
        trust::suggest(record, hosts, destination.route.tls.value_or(desk.level), now(),
                       static_cast<std::uint64_t>(days));
    if (!suggestion) continue;
    const bool by_mx = destination.domain == domain;
    domains.emplace_back(suggestion_to_json(domain, *suggestion, by_mx && !destination.route.tls));
  }
  return {{"ok", true}, {"days", days}, {"domains", std::move(domains)}};
}

json::object reports(const TlsDesk& desk, const json::object& request) {
  report::ReportFilter filter;
  filter.domain = text(request, "domain");
  filter.failing_only = flag(request, "failing");
  filter.most =
      static_cast<std::size_t>(std::clamp<std::int64_t>(number(request, "most"), 1, 1000));
  json::array list;
  for (const auto& each : desk.inbox.list(filter))
    list.emplace_back(json::parse(report_json(*each)));
  return {{"ok", true}, {"reports", std::move(list)}};
}

}  // namespace

asio::awaitable<std::optional<std::string>> TlsDesk::answer(std::string request, std::string who) {
  boost::system::error_code error;
  const auto parsed = json::parse(request, error);
  if (error || !parsed.is_object()) co_return std::nullopt;
  const auto& object = parsed.get_object();
  json::object answer;
  if (text(object, "command") == "tls.explain") {
    answer = co_await explain(*this, object);
  } else if (text(object, "command") == "tls.release") {
    answer = co_await release(*this, object, who);
  } else if (text(object, "command") == "tls.suggest") {
    answer = suggest(*this, object);
  } else if (text(object, "command") == "tls.reports") {
    answer = reports(*this, object);
  } else {
    co_return std::nullopt;
  }
  co_return json::serialize(answer);
}

}  // namespace outrider::app
