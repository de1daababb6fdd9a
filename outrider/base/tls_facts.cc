#include "outrider/base/tls_facts.h"

#include <string_view>

namespace outrider {
namespace {

std::string_view name(PeerCheck check) {
  switch (check) {
    case PeerCheck::None: return "";
    case PeerCheck::NoCertificate: return "/anonymous";
    case PeerCheck::Unverified: return "/unverified";
    case PeerCheck::Verified: return "/verified";
  }
  return "";
}

}  // namespace

std::string TlsFacts::text() const {
  std::string text = version + "/" + cipher;
  if (!group.empty()) text += "/" + group;
  text += name(peer);
  if (resumed) text += "/resumed";
  if (kernel) text += "/ktls";
  return text;
}

}  // namespace outrider
