// The world of the tests about DANE: TLSA records in every state that RFC 7672 tells apart.
#pragma once

#include <string>
#include <vector>

#include "support/dns_world.h"

namespace outrider::dns {

inline const std::vector<test::DnsZone>& dane_zones() {
  using Kind = test::DnsZone::Kind;
  static const std::string digest(62, 'a');
  static const std::vector<test::DnsZone> zones = [] {
    std::string many, aliases;
    for (int i = 10; i < 70; ++i) {
      many += "_25._tcp.many TLSA 3 1 1 " + digest + std::to_string(i) + "\n";
    }
    for (int i = 0; i < 40; ++i) {
      aliases += "c" + std::to_string(i) + " CNAME c" + std::to_string(i + 1) + "\n";
    }
    const std::string mx = "mx A 192.0.2.1\nmx AAAA 2001:db8::1\n";
    return std::vector<test::DnsZone>{
        {"world", Kind::Signed, ""},
        {"mail.world", Kind::Signed,
         mx + many + aliases + "_25._tcp.mx TLSA 3 1 1 " + digest +
             "01\n"
             "_25._tcp.mx TLSA 2 0 1 " +
             digest +
             "02\n"
             "*._tcp.wild TLSA 2 1 2 " +
             digest +
             "03\n"
             "_25._tcp.full TLSA 3 0 0 " +
             std::string(8000, 'b') +
             "\n"
             "tlsa._dane TLSA 2 0 1 " +
             digest +
             "04\n"
             "_25._tcp.linked CNAME tlsa._dane\n"
             "_25._tcp.crossing CNAME tlsa._dane.other.world.\n"
             "_25._tcp.leaving CNAME tlsa._dane.plain.world.\n"
             "_25._tcp.empty TYPE52 \\# 3 030101\n"
             "_25._tcp.mixed TYPE52 \\# 3 030101\n"
             "_25._tcp.mixed TLSA 0 0 1 " +
             digest +
             "05\n"
             "inside CNAME mx\nthere CNAME mx.other.world.\n"
             "out CNAME mx.plain.world.\nfirst CNAME second\nsecond CNAME mx.plain.world.\n"
             "moved DNAME other.world.\nloop CNAME pool\npool CNAME loop\ndangling CNAME nobody\n"
             "_mta-sts TXT \"v=STSv1; \" \"id=20261123\" \"T000000;\"\n"
             "texts TXT \"one\"\ntexts TXT \"two\" \"\"\n"},
        {"other.world", Kind::Signed, mx + "tlsa._dane TLSA 2 0 1 " + digest + "06\n"},
        {"plain.world", Kind::Plain,
         mx + "_25._tcp.mx TLSA 3 1 1 " + digest + "07\ntlsa._dane TLSA 2 0 1 " + digest +
             "08\n_25._tcp.empty TYPE52 \\# 3 030101\nback CNAME mx.mail.world.\n"
             "_25._tcp.back CNAME tlsa._dane.mail.world.\n"},
        {"tampered.world", Kind::Tampered, mx + "_25._tcp.mx TLSA 3 1 0 c0000242\n"},
        {"expired.world", Kind::Expired, mx + "_25._tcp.mx TLSA 3 1 1 " + digest + "09\n"},
        {"stripped.world", Kind::Stripped, mx + "_25._tcp.mx TLSA 3 1 1 " + digest + "10\n"},
        {"broken.world", Kind::Broken, ""}};
  }();
  return zones;
}

}  // namespace outrider::dns
