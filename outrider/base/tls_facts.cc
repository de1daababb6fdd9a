#include "outrider/base/tls_facts.h"

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

std::string_view name(PeerProof proof) {
  switch (proof) {
    case PeerProof::None: return "";
    case PeerProof::Ca: return "ca";
    case PeerProof::DaneTa: return "dane-ta";
    case PeerProof::DaneEe: return "dane-ee";
    case PeerProof::Pin: return "pin";
  }
  return "";
}

std::string TlsFacts::text() const {
  std::string text = version + "/" + cipher;
  if (!group.empty()) text += "/" + group;
  text += name(peer);
  if (peer == PeerCheck::Verified && proof > PeerProof::Ca) text += ":" + std::string(name(proof));
  if (resumed) text += "/resumed";
  if (kernel) text += "/ktls";
  return text;
}

}  // namespace outrider
