#include "outrider/app/tls_explain.h"

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include <string_view>
#include <utility>

#include "outrider/app/ask.h"
#include "outrider/app/print.h"
#include "outrider/app/tls_ledger.h"
#include "outrider/base/text.h"

namespace outrider::app {
namespace json = boost::json;
namespace {

std::string hex(std::string_view bytes, std::size_t most) {
  std::string text;
  for (const char c : bytes.substr(0, most)) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return bytes.size() > most ? text + "..." : text;
}

json::array texts(const std::vector<std::string>& list) {
  json::array array;
  for (const auto& text : list) array.emplace_back(text);
  return array;
}

json::object dane_to_json(const trust::DaneFacts& dane) {
  json::array records;
  for (const auto& record : dane.records) {
    records.emplace_back(fmt::format("{} {} {} {}", record.usage, record.selector, record.matching,
                                     hex(record.data, 64)));
  }
  json::object object{{"state", trust::name(dane.state)}};
  if (!dane.base.empty()) object["base"] = dane.base;
  if (!records.empty()) object["records"] = std::move(records);
  if (!dane.why.empty()) object["why"] = dane.why;
  return object;
}

json::object sts_to_json(const trust::StsPolicy& policy) {
  return {{"mode", trust::name(policy.mode)},
          {"id", policy.id},
          {"mx", texts(policy.mx)},
          {"max_age", policy.max_age.count()},
          {"fetched", rfc3339(policy.fetched)},
          {"expires", rfc3339(policy.expires())}};
}

// Why no policy is known that there might be.
std::string unknown_policy(const policy::StsState& sts) {
  if (!sts.unknown.empty()) return sts.unknown;
  return sts.failure ? sts.failure->why : "the look-up has not ended";
}

json::object verdict_to_json(const trust::Verdict& verdict) {
  json::array reasons;
  for (const auto& reason : verdict.reasons) {
    reasons.emplace_back(json::object{
        {"level", trust::name(reason.level)}, {"source", reason.source}, {"rule", reason.rule}});
  }
  json::object object{{"level", trust::name(verdict.level)},
                      {"may_try", verdict.may_try()},
                      {"otherwise", trust::name(verdict.fallback)},
                      {"names", texts(verdict.names)},
                      {"reasons", std::move(reasons)}};
  if (!verdict.may_try()) object["obstacle"] = verdict.obstacle;
  if (verdict.require_extension) object["requiretls"] = true;
  object["proves_destination"] = verdict.proves_destination;
  return object;
}

json::object host_to_json(const deliver::ExplainedHost& each) {
  json::array addresses;
  for (const auto& address : each.host.addresses) addresses.emplace_back(address.text());
  json::object object{{"host", each.host.name},
                      {"preference", each.host.preference},
                      {"addresses", std::move(addresses)},
                      {"way", each.host.sure ? "sure" : "unsigned MX"},
                      {"addresses_signed", each.host.secure},
                      {"dns_ttl", each.host.ttl.count()},
                      {"dane", dane_to_json(each.outlook.facts.dane)},
                      {"verdict", verdict_to_json(each.verdict)}};
  if (!iequals(each.host.canonical, each.host.name)) object["alias_of"] = each.host.canonical;
  if (each.outlook.facts.sts) object["mta_sts"] = sts_to_json(*each.outlook.facts.sts);
  if (each.outlook.facts.sts_unknown) object["mta_sts_unknown"] = unknown_policy(each.outlook.sts);
  if (each.known) object["known"] = host_record_to_json(*each.known);
  return object;
}

// What a line of text says of a list.
std::string joined(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  std::string text;
  if (!value || !value->is_array()) return text;
  for (const auto& each : value->get_array()) {
    if (!each.is_string()) continue;
    text.append(text.empty() ? "" : ", ").append(printable(each.get_string()));
  }
  return text;
}

std::string verdict_text(const json::object& verdict) {
  std::string out;
  if (flag(verdict, "may_try")) {
    out += fmt::format("  verdict    {}, otherwise {}\n", text(verdict, "level"),
                       text(verdict, "otherwise"));
    const auto names = joined(verdict, "names");
    if (!names.empty()) out += fmt::format("  names      {}\n", names);
  } else {
    out += fmt::format("  verdict    not tried, {}: {}\n", text(verdict, "otherwise"),
                       printable(text(verdict, "obstacle"), 500));
  }
  for (const auto& each : verdict.at("reasons").as_array()) {
    const auto& reason = each.as_object();
    out += fmt::format("    {:13} {:8} {}\n", text(reason, "level"), text(reason, "source"),
                       printable(text(reason, "rule"), 500));
  }
  return out;
}

std::string host_text(const json::object& host) {
  std::string out = fmt::format("{} (preference {})\n", printable(text(host, "host")),
                                number(host, "preference"));
  if (host.contains("alias_of")) {
    out += fmt::format("  alias of   {}\n", printable(text(host, "alias_of")));
  }
  out += fmt::format("  addresses  {} ({}; believed for {} s)\n", joined(host, "addresses"),
                     flag(host, "addresses_signed") ? "signed" : "not signed",
                     number(host, "dns_ttl"));
  out += fmt::format("  way here   {}\n", text(host, "way"));
  const auto& dane = part(host, "dane");
  out += fmt::format("  DANE       {}{}{}\n", text(dane, "state"),
                     dane.contains("base") ? " at " + printable(text(dane, "base")) : "",
                     dane.contains("why") ? ": " + printable(text(dane, "why"), 500) : "");
  const auto records = joined(dane, "records");
  if (!records.empty()) out += fmt::format("             {}\n", records);
  if (host.contains("mta_sts")) {
    const auto& sts = part(host, "mta_sts");
    out += fmt::format("  MTA-STS    {}, id {}, lists {}; fetched {}, holds until {}\n",
                       text(sts, "mode"), printable(text(sts, "id")), joined(sts, "mx"),
                       text(sts, "fetched"), text(sts, "expires"));
  }
  if (host.contains("mta_sts_unknown")) {
    out +=
        fmt::format("  MTA-STS    not known: {}\n", printable(text(host, "mta_sts_unknown"), 500));
  }
  if (host.contains("known")) out += host_record_text(part(host, "known"));
  return out + verdict_text(part(host, "verdict"));
}

}  // namespace

json::object explanation_to_json(const deliver::Explanation& explanation) {
  json::array hosts;
  for (const auto& host : explanation.hosts) hosts.emplace_back(host_to_json(host));
  json::object object{{"ok", true},
                      {"time", rfc3339(now())},
                      {"destination", explanation.destination},
                      {"domain", explanation.domain},
                      {"route", explanation.route},
                      {"connects", explanation.connects},
                      {"hosts", std::move(hosts)}};
  if (explanation.known) object["known"] = domain_record_to_json(*explanation.known);
  if (!explanation.is_whole) object["others_unknown"] = true;
  if (explanation.nowhere) object["nowhere"] = printable(explanation.nowhere->line(), 500);
  return object;
}

std::string explanation_text(const json::object& explanation) {
  std::string out = fmt::format("{} goes by {}\n", printable(text(explanation, "destination")),
                                printable(text(explanation, "route")));
  if (explanation.contains("known")) out += domain_record_text(part(explanation, "known"));
  if (!flag(explanation, "connects")) return out + "No other server is involved.\n";
  if (explanation.contains("nowhere")) {
    out += "No host: " + printable(text(explanation, "nowhere"), 500) + "\n";
  }
  for (const auto& host : explanation.at("hosts").as_array()) out += host_text(host.as_object());
  if (flag(explanation, "others_unknown")) {
    out += "There are other hosts, whose addresses cannot be looked up now.\n";
  }
  return out;
}

int tls_explain(const ExplainRequest& request) {
  json::object question{{"command", "tls.explain"}, {"about", request.about}};
  if (!request.wish.empty()) question["wish"] = request.wish;
  const auto [answer, code] = ask(request.server.socket, request.server.json, question);
  if (answer && !request.server.json) print(explanation_text(*answer));
  return code;
}

}  // namespace outrider::app
