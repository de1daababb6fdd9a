#include "outrider/app/tls_probe.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "outrider/app/exit_code.h"
#include "outrider/app/print.h"
#include "outrider/app/tls_probe_probe.h"
#include "outrider/app/tls_probe_report.h"
#include "outrider/base/text.h"

namespace outrider::app {
namespace {

constexpr int a_rule_failed = 1;

// Rules come in the order of the table, whatever the order in which they were named.
Result<std::vector<const probe::Rule*>> chosen_rules(const std::vector<std::string>& only) {
  for (const auto& id : only) {
    if (!probe::rule_named(id)) {
      return fail(Blame::Operator, "there is no rule \"" + printable(id) + "\"",
                  "outrider tls probe --list-rules");
    }
  }
  std::vector<const probe::Rule*> rules;
  for (const auto& rule : probe::all_rules()) {
    if (only.empty() || std::ranges::find(only, rule.id) != only.end()) rules.push_back(&rule);
  }
  return rules;
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

int give_up(int code, const Error& error) {
  print_error(error.text());
  return code;
}

std::string mode_of(const ProbeOptions& options, const probe::Target& target) {
  std::string mode = options.lmtp ? "LMTP, " : "";
  if (target.implicit) return mode + "TLS from the first byte";
  return mode + (options.draft ? "STARTTLS of draft-hoffman-smtp-ssl" : "STARTTLS");
}

int ask_all(probe::Probe& asked, const std::vector<const probe::Rule*>& rules) {
  const auto& options = asked.options();
  probe::Report report{
      .server = asked.target().text(), .mode = mode_of(options, asked.target()), .judged = {}};
  for (const auto* rule : rules) {
    report.judged.push_back({rule, probe::judge(asked, *rule)});
    // A line as soon as it is known: some servers think for a while.
    if (options.json) continue;
    print(line_of(report.judged.back()));
    if (options.verbose) print(evidence_of(report.judged.back()));
  }
  print(options.json ? json_of(report) : summary_of(report));
  return report.good() ? int{exit_ok} : a_rule_failed;
}

}  // namespace

int tls_probe(const ProbeOptions& given) {
  auto options = given;
  if (options.helo.empty()) options.helo = host_name();
  const auto rules = chosen_rules(options.only);
  if (!rules) return give_up(exit_usage, rules.error());
  const auto target = probe::parse_target(options.server, options.lmtp);
  if (!target) return give_up(exit_usage, target.error());
  options.lmtp |= istarts_with(options.server, "lmtp://");
  auto endpoints = probe::find(*target);
  if (!endpoints) return give_up(exit_unavailable, endpoints.error());
  probe::Probe asked(options, *target, std::move(*endpoints));
  if (const auto context = asked.context(); !context)
    return give_up(exit_no_input, context.error());
  const auto reached = target->implicit ? asked.connected() : asked.greeted();
  if (!reached) return give_up(exit_unavailable, reached.error());
  return ask_all(asked, *rules);
}

int list_probe_rules(bool json) {
  print(json ? probe::json_of_rules() : probe::text_of_rules());
  return exit_ok;
}

}  // namespace outrider::app
