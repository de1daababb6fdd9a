#include "outrider/app/tls_probe_rules.h"

#include <algorithm>

namespace outrider::app::probe {
namespace {

// clang-format off
constexpr Rule rules[] = {
    {"offer", "STARTTLS is offered", "RFC 3207 §3", Needs::Clear, judge_offer},
    {"keyword", "The keyword stands alone", "RFC 3207 §2", Needs::StartTls, judge_keyword},
    {"ready", "STARTTLS is answered with 220", "RFC 3207 §4", Needs::StartTls, judge_ready},
    {"command-case", "The case of letters in STARTTLS does not matter", "RFC 5321 §2.4", Needs::StartTls, judge_case},
    {"parameter", "STARTTLS with a wrong parameter is answered with 501", "RFC 3207 §4", Needs::StartTls, judge_parameter},
    {"before-hello", "STARTTLS before EHLO is answered with 503", "RFC 5321 §4.1.4", Needs::StartTls, judge_before_hello},
    {"enhanced-codes", "Replies to STARTTLS have enhanced codes", "RFC 2034 §4", Needs::StartTls, judge_codes},
    {"clear-mail", "TLS is not demanded, or by 530 5.7.0", "RFC 3207 §4", Needs::Clear, judge_clear_mail},
    {"inject-noop", "NOOP sent behind STARTTLS is not carried out", "CVE-2011-0411", Needs::StartTls, judge_injected_noop},
    {"inject-hello", "EHLO sent behind STARTTLS is not carried out", "CVE-2011-0411", Needs::StartTls, judge_injected_hello},
    {"inject-mail", "MAIL sent behind STARTTLS is not carried out", "CVE-2011-0411", Needs::StartTls, judge_injected_mail},
    {"clear-behind-220", "A command in clear behind 220 is not carried out", "RFC 3207 §4", Needs::StartTls, judge_clear_behind_ready},
    {"clear-on-tls-port", "Where TLS comes first, nothing is said in clear", "RFC 8314 §3", Needs::Tls, judge_clear_on_tls_port},
    {"handshake", "A TLS handshake comes to its end", "RFC 3207 §4.1", Needs::Tls, judge_handshake},
    {"offer-inside", "STARTTLS is not offered inside TLS", "RFC 3207 §4.2", Needs::Tls, judge_offer_inside},
    {"starttls-inside", "STARTTLS inside TLS is answered with 503", "RFC 3207 §4.2", Needs::Tls, judge_starttls_inside},
    {"hello-forgotten", "EHLO from before TLS is forgotten", "RFC 3207 §4.2", Needs::Tls, judge_hello_forgotten},
    {"mail-forgotten", "A transaction from before TLS is forgotten", "RFC 3207 §4.2", Needs::StartTls, judge_mail_forgotten},
    {"ssl-3.0", "SSL 3.0 is refused", "RFC 7568 §3", Needs::Tls, judge_ssl30},
    {"tls-1.0", "TLS 1.0 is refused", "RFC 8996 §4", Needs::Tls, judge_tls10},
    {"tls-1.1", "TLS 1.1 is refused", "RFC 8996 §5", Needs::Tls, judge_tls11},
    {"tls-1.2", "TLS 1.2 is accepted", "RFC 9325 §3.1.1", Needs::Tls, judge_tls12},
    {"tls-1.3", "TLS 1.3 is accepted", "RFC 9325 §3.1.1", Needs::Tls, judge_tls13},
    {"unknown-values", "Values that nobody knows are ignored", "RFC 8701 §3", Needs::Tls, judge_unknown_values},
    {"hello-v2", "A hello in the form of SSL 2.0 gets an answer", "RFC 5246 §E.2", Needs::Tls, judge_v2_form},
    {"downgrade-mark", "TLS 1.2 bears the mark of a server with TLS 1.3", "RFC 8446 §4.1.3", Needs::Tls, judge_sentinel},
    {"fallback", "A client that falls back is told", "RFC 7507 §3", Needs::Tls, judge_fallback},
    {"suite", "The suite chosen is AEAD with forward secrecy", "RFC 9325 §4.2", Needs::Tls, judge_suite},
    {"broken-suites", "NULL, export, RC4, DES and 3DES are refused", "RFC 9325 §4.1", Needs::Tls, judge_broken_suites},
    {"anonymous-suites", "Suites without a certificate are refused", "RFC 5246 §A.5", Needs::Tls, judge_anonymous_suites},
    {"static-suites", "RSA key transport is refused", "RFC 9325 §4.1", Needs::Tls, judge_static_suites},
    {"cbc-suites", "CBC is refused", "RFC 9325 §4.2", Needs::Tls, judge_cbc_suites},
    {"order", "The server's order of suites counts", "RFC 9325 §4.2.1", Needs::Tls, judge_order},
    {"group", "The group of the key exchange", "RFC 8446 §4.2.7", Needs::Tls, judge_group},
    {"post-quantum", "A hybrid post-quantum group is there", "draft-ietf-tls-ecdhe-mlkem", Needs::Tls, judge_post_quantum},
    {"compression", "TLS compression is refused", "RFC 9325 §3.3", Needs::Tls, judge_compression},
    {"secure-renegotiation", "Renegotiation is secure where there is one", "RFC 5746 §3.6", Needs::Tls, judge_secure_renegotiation},
    {"renegotiation", "A client's renegotiation is refused", "RFC 9325 §3.5", Needs::Tls, judge_renegotiation},
    {"master-secret", "The master secret is bound to the handshake", "RFC 7627 §5.2", Needs::Tls, judge_master_secret},
    {"alpn-own", "ALPN names the protocol of mail", "RFC 7301 §3.2", Needs::Tls, judge_alpn_smtp},
    {"alpn-foreign", "Another protocol's ALPN is refused", "RFC 7301 §3.2", Needs::Tls, judge_alpn_foreign},
    {"resumption-1.2", "A session of TLS 1.2 is resumed", "RFC 5077 §3", Needs::Tls, judge_resumption12},
    {"resumption-1.3", "A session of TLS 1.3 is resumed", "RFC 8446 §2.2", Needs::Tls, judge_resumption13},
    {"certificate-name", "The certificate carries the server's name", "RFC 6125 §6.4", Needs::Tls, judge_name},
    {"certificate-trust", "The certificate is issued by a trusted authority", "RFC 3207 §4.1", Needs::Tls, judge_trust},
    {"certificate-chain", "The chain is in order", "RFC 8446 §4.4.2", Needs::Tls, judge_chain},
    {"certificate-time", "The certificates are good now", "RFC 5280 §4.1.2.5", Needs::Tls, judge_expiry},
    {"certificate-key", "Key and signature are strong", "RFC 9325 §4.5", Needs::Tls, judge_key},
};
// clang-format on

}  // namespace

std::span<const Rule> all_rules() { return rules; }

const Rule* rule_named(std::string_view id) {
  const auto* found = std::ranges::find(rules, id, &Rule::id);
  return found == std::end(rules) ? nullptr : found;
}

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass: return "pass";
    case Verdict::Note: return "note";
    case Verdict::Skipped: return "skipped";
    case Verdict::Warn: return "warn";
    case Verdict::Fail: break;
  }
  return "fail";
}

}  // namespace outrider::app::probe
