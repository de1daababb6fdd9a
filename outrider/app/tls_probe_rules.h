// The rules of a probe, one function each; the table in tls_probe_rules.cc says what they ask.
#pragma once

#include "outrider/app/tls_probe_probe.h"

namespace outrider::app::probe {

// In clear: tls_probe_clear.cc
Finding judge_offer(Probe& probe);
Finding judge_keyword(Probe& probe);
Finding judge_ready(Probe& probe);
Finding judge_case(Probe& probe);
Finding judge_parameter(Probe& probe);
Finding judge_before_hello(Probe& probe);
Finding judge_clear_mail(Probe& probe);
Finding judge_codes(Probe& probe);

// On the line between clear text and TLS: tls_probe_injection.cc
Finding judge_injected_noop(Probe& probe);
Finding judge_injected_hello(Probe& probe);
Finding judge_injected_mail(Probe& probe);
Finding judge_clear_behind_ready(Probe& probe);
Finding judge_clear_on_tls_port(Probe& probe);

// Inside TLS: tls_probe_inside.cc
Finding judge_handshake(Probe& probe);
Finding judge_offer_inside(Probe& probe);
Finding judge_starttls_inside(Probe& probe);
Finding judge_hello_forgotten(Probe& probe);
Finding judge_mail_forgotten(Probe& probe);

// Versions, suites, groups: tls_probe_protocol.cc, tls_probe_suites.cc
Finding judge_ssl30(Probe& probe);
Finding judge_tls10(Probe& probe);
Finding judge_tls11(Probe& probe);
Finding judge_tls12(Probe& probe);
Finding judge_tls13(Probe& probe);
Finding judge_unknown_values(Probe& probe);
Finding judge_v2_form(Probe& probe);
Finding judge_sentinel(Probe& probe);
Finding judge_fallback(Probe& probe);
Finding judge_suite(Probe& probe);
Finding judge_broken_suites(Probe& probe);
Finding judge_anonymous_suites(Probe& probe);
Finding judge_static_suites(Probe& probe);
Finding judge_cbc_suites(Probe& probe);
Finding judge_order(Probe& probe);
Finding judge_group(Probe& probe);
Finding judge_post_quantum(Probe& probe);

// Extensions and what became of old ones: tls_probe_extensions.cc
Finding judge_compression(Probe& probe);
Finding judge_secure_renegotiation(Probe& probe);
Finding judge_renegotiation(Probe& probe);
Finding judge_master_secret(Probe& probe);
Finding judge_alpn_smtp(Probe& probe);
Finding judge_alpn_foreign(Probe& probe);
Finding judge_resumption12(Probe& probe);
Finding judge_resumption13(Probe& probe);

// Certificates: tls_probe_certificate.cc
Finding judge_name(Probe& probe);
Finding judge_trust(Probe& probe);
Finding judge_chain(Probe& probe);
Finding judge_expiry(Probe& probe);
Finding judge_key(Probe& probe);

}  // namespace outrider::app::probe
