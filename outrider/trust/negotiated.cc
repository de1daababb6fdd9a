#include "outrider/trust/negotiated.h"

#include <array>

namespace outrider::trust {
namespace {

// Without encryption, or with the 40 and 56 bits of an export law that is gone.
bool is_private(std::string_view cipher) {
  constexpr std::array<std::string_view, 4> open{"NULL", "EXP-", "EXP1024", "DES-CBC-"};
  if (cipher.empty()) return false;
  for (const auto& word : open) {
    if (cipher.starts_with(word) || (word == "NULL" && cipher.contains(word))) return false;
  }
  return true;
}

}  // namespace

std::string shortfall(const TlsFacts& facts, const Verdict& verdict, std::string_view least) {
  if (!is_private(facts.cipher)) return "no privacy: cipher " + facts.cipher;
  // The library's names stand in the order of their age.
  if (facts.version < least) return facts.version + " is older than " + std::string(least);
  if (verdict.requires_name() && facts.peer != PeerCheck::Verified) {
    return "the certificate is not verified";
  }
  return {};
}

}  // namespace outrider::trust
