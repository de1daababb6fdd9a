// What is remembered of others, and how their policies are found.
#include <fmt/format.h>

#include <algorithm>

#include "outrider/app/config_parts.h"
#include "outrider/base/text.h"
#include "outrider/fetch/url.h"
#include "outrider/smtp/grammar.h"

namespace outrider::app {
namespace {

void take_alarm(Making& making) {
  auto& trust = making.config.trust;
  const auto& values = making.document.table("alarm");
  trust.alarm.command = values.list("command");
  trust.alarm.webhook = values.text("webhook");
  trust.alarm.silence = values.duration("silence");
  trust.alarm_web.ca_file = values.text("webhook_ca_file");
  trust.alarm_web.special_addresses = true;  // the operator's own, often in his own network
  making.config.deliver.tls_history.silence = trust.alarm.silence;
  if (!trust.alarm.webhook.empty()) {
    if (const auto url = fetch::parse_url(trust.alarm.webhook); !url) {
      making.complain(values, "webhook", url.error().text());
    }
  }
  for (const auto& word : values.list("kinds")) {
    if (const auto kind = policy::alarm_named(word)) {
      trust.alarm.kinds.push_back(*kind);
    } else {
      making.complain(values, "kinds", fmt::format("\"{}\" is no alarm", printable(word)));
    }
  }
}

void take_tls_report(Making& making) {
  auto& trust = making.config.trust;
  const auto& values = making.document.table("tls_report");
  trust.reports = values.flag("send");
  trust.tally.period = values.duration("period");
  trust.sender.delay = values.duration("delay");
  // In a laboratory all of it goes faster.
  trust.sender.retry = std::min(trust.sender.retry, trust.tally.period);
  trust.sender.organization = values.text("organization");
  if (trust.sender.organization.empty()) trust.sender.organization = making.config.hostname;
  trust.sender.contact = {"postmaster", making.config.hostname};
  const auto contact = values.text("contact");
  if (contact.empty()) return;
  if (const auto address = smtp::parse_mailbox(contact, smtp::Letters::Ascii)) {
    trust.sender.contact = *address;
  } else {
    making.complain(values, "contact", fmt::format("\"{}\" is no address", printable(contact)));
  }
}

}  // namespace

void take_trust(Making& making) {
  auto& trust = making.config.trust;
  trust.path = making.document.table("trust").text("path");
  if (trust.path.empty()) trust.path = making.config.queue.path + ".trust";
  trust.ledger.most_hosts = trust.ledger.most_domains =
      making.document.table("trust").number("hosts");
  take_alarm(making);
  take_tls_report(making);
  trust.ledger.history = making.config.deliver.tls_history;
  const auto& values = making.document.table("mta_sts");
  trust.sts = values.flag("enabled");
  trust.sts_rules.wait = values.duration("wait");
  trust.sts_rules.refresh = values.duration("refresh");
  trust.web.ca_file = values.text("ca_file");
  trust.web.special_addresses = values.flag("special_addresses");
  trust.web.port = static_cast<std::uint16_t>(values.number("port"));
}

}  // namespace outrider::app
