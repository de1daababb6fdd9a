#include "outrider/app/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "outrider/base/text.h"
#include "outrider/smtp/domain_name.h"
#include "outrider/tls/tlsa_of.h"
#include "outrider/trust/dane.h"
#include "outrider/trust/mta_sts.h"

namespace outrider::app {
namespace {

using Kind = WantedRecord::Kind;
using State = Found::State;

constexpr std::uint16_t smtp_port = 25;

std::string tlsa_text(const Tlsa& record) {
  std::string text = fmt::format("{} {} {} ", record.usage, record.selector, record.matching);
  for (const char c : record.data) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

// RFC 7671 §5.1: the key itself, by its digest; it outlives the certificate.
Result<void> add_tlsa(std::vector<WantedRecord>& records, const std::string& host,
                      const tls::KeyPair& pair, const std::string& note) {
  auto tlsa = tls::tlsa_of(pair);
  if (!tlsa) return std::unexpected(tlsa.error());
  const bool is_there = std::ranges::any_of(
      records, [&](const auto& each) { return each.kind == Kind::Tlsa && each.tlsa == *tlsa; });
  if (is_there) return {};
  WantedRecord record{Kind::Tlsa, trust::tlsa_name(host, smtp_port), tlsa_text(*tlsa), *tlsa, note};
  records.push_back(std::move(record));
  return {};
}

Result<void> add_keys(std::vector<WantedRecord>& records, const Config& config,
                      const std::vector<std::string>& next_keys) {
  const auto& listeners = config.receive.listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (listeners[i].role != receive::Role::Mx) continue;
    for (const auto& pair : config.tls_files.servers[i].keys) {
      auto added = add_tlsa(records, config.hostname, pair, pair.certificate_file);
      if (!added) return added;
    }
  }
  for (const auto& file : next_keys) {
    tls::KeyPair pair;
    pair.certificate_file = file;
    auto added = add_tlsa(records, config.hostname, pair, "next: " + file);
    if (!added) return added;
  }
  return {};
}

std::string report_text(const Publication& publication) {
  return fmt::format("v=TLSRPTv1; rua={}", fmt::join(publication.report_to, ","));
}

Found unknown(const dns::Answer& answer) { return {State::Unknown, printable(answer.why)}; }

Found found_mx(const dns::MxAnswer& answer, const std::string& wanted) {
  if (answer.temporary()) return unknown(answer);
  if (!answer.found()) return {State::Missing, {}};
  std::string others;
  for (const auto& mx : answer.hosts) {
    if (iequals(mx.host, wanted)) return {State::Match, {}};
    others += fmt::format("{}{} {}.", others.empty() ? "" : ", ", mx.preference, mx.host);
  }
  return {State::Differs, printable(others)};
}

Found found_tlsa(const dns::TlsaAnswer& answer, const Tlsa& wanted) {
  if (answer.temporary()) return unknown(answer);
  if (!answer.found()) return {State::Missing, {}};
  if (std::ranges::find(answer.records, wanted) == answer.records.end()) {
    std::string others;
    for (const auto& each : answer.records)
      others += (others.empty() ? "" : ", ") + tlsa_text(each);
    return {State::Differs, printable(others)};
  }
  // RFC 7672 §2.2: nobody looks at records that are not signed.
  return {answer.secure ? State::Match : State::Unsigned, {}};
}

// RFC 8461 §3.1, RFC 8460 §3: of two records senders take neither.
Found found_text(const dns::TextAnswer& answer, const std::string& wanted, std::string_view begin) {
  if (answer.temporary()) return unknown(answer);
  std::string there;
  std::size_t count = 0, equal = 0;
  for (const auto& text : answer.texts) {
    if (!text.starts_with(begin)) continue;
    ++count;
    equal += text == wanted ? 1 : 0;
    there += (there.empty() ? "" : ", ") + quoted(printable(text));
  }
  if (count == 0) return {State::Missing, {}};
  if (count > 1) return {State::Differs, "more than one counts as none: " + there};
  return equal == 1 ? Found{State::Match, {}} : Found{State::Differs, there};
}

}  // namespace

std::string_view name(State state) {
  constexpr std::array<std::string_view, 5> names{"ok", "missing", "differs", "not signed",
                                                  "unknown"};
  return names[static_cast<std::size_t>(state)];
}

Result<std::vector<WantedRecord>> records_to_publish(const Config& config,
                                                     const std::string& domain,
                                                     const std::vector<std::string>& next_keys) {
  const auto name = smtp::to_a_labels(domain, true);
  const auto at = name ? config.publications.find(to_lower(*name)) : config.publications.end();
  if (at == config.publications.end()) {
    return fail(Blame::Operator, '"' + printable(domain) + "\" is no domain of the configuration",
                "[[domain]]", config.file);
  }
  const auto& publication = at->second;
  std::vector<WantedRecord> records;
  records.push_back({Kind::Mx, at->first, fmt::format("10 {}.", config.hostname), {}, {}});
  if (auto added = add_keys(records, config, next_keys); !added) {
    return std::unexpected(added.error());
  }
  if (!publication.policy.empty()) {
    records.push_back({Kind::StsText,
                       "_mta-sts." + at->first,
                       fmt::format("v=STSv1; id={};", publication.policy_id),
                       {},
                       {}});
    records.push_back({Kind::Address,
                       "mta-sts." + at->first,
                       "the address of the listener with role = \"mta-sts\"",
                       {},
                       {}});
  }
  if (!publication.report_to.empty()) {
    records.push_back(
        {Kind::ReportText, "_smtp._tls." + at->first, report_text(publication), {}, {}});
  }
  return records;
}

boost::asio::awaitable<Found> look_up(dns::Resolver& resolver, WantedRecord wanted) {
  switch (wanted.kind) {
    case Kind::Mx: {
      const dns::MxAnswer answer = co_await resolver.mx(wanted.name);
      co_return found_mx(answer, wanted.data.substr(3, wanted.data.size() - 4));
    }
    case Kind::Tlsa: {
      const dns::TlsaAnswer answer = co_await resolver.tlsa(wanted.name);
      co_return found_tlsa(answer, wanted.tlsa);
    }
    case Kind::Address: {
      const dns::AddressAnswer v4 = co_await resolver.ipv4(wanted.name);
      const dns::AddressAnswer v6 = co_await resolver.ipv6(wanted.name);
      if (v4.found() || v6.found()) co_return Found{State::Match, {}};
      if (v4.temporary()) co_return unknown(v4);
      co_return Found{State::Missing, {}};
    }
    default: break;
  }
  const dns::TextAnswer answer = co_await resolver.text(wanted.name);
  const bool is_sts = wanted.kind == Kind::StsText;
  co_return found_text(answer, wanted.data, is_sts ? "v=STSv1" : "v=TLSRPTv1");
}

std::string record_line(const WantedRecord& wanted, const Found* found) {
  constexpr std::array<std::string_view, 5> types{"MX", "A/AAAA", "TLSA", "TXT", "TXT"};
  const bool is_text = wanted.kind == Kind::StsText || wanted.kind == Kind::ReportText;
  std::string line = fmt::format("{}{}. IN {} {}", wanted.kind == Kind::Address ? "; " : "",
                                 wanted.name, types[static_cast<std::size_t>(wanted.kind)],
                                 is_text ? quoted(wanted.data) : wanted.data);
  if (!wanted.note.empty()) line += "  ; " + printable(wanted.note);
  if (found != nullptr) {
    line += fmt::format("{} {}", wanted.note.empty() ? "  ;" : ":", name(found->state));
    if (!found->what.empty()) line += ": " + found->what;
  }
  return line + "\n";
}

}  // namespace outrider::app
