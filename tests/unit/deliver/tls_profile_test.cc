#include "outrider/deliver/tls_profile.h"

#include <gtest/gtest.h>

#include <set>

namespace outrider::deliver {
namespace {

using Tokens = std::vector<std::string>;

TEST(TlsProfile, IsMarkedByAllThatIsInIt) {
  EXPECT_EQ(TlsProfile().mark(), "");
  std::vector<TlsProfile> profiles(7);
  profiles[0].form = smtp::StartTlsForm::Rfc3207;
  profiles[1].form = smtp::StartTlsForm::Both;
  profiles[2].names = {"a.test", "b.test"};
  profiles[3].names = {"a.test"};
  profiles[4].parameters = tls::Parameters();
  profiles[5].parameters = tls::Parameters{.least = tls::Version::Tls13};
  profiles[6].parameters = tls::Parameters{.tickets = false};
  std::set<std::string> marks;
  for (const auto& profile : profiles) {
    EXPECT_EQ(profile.mark().size(), 16u);
    marks.insert(profile.mark());
  }
  EXPECT_EQ(marks.size(), profiles.size());
}

// Keys of the queue hold it, and outlive the process.
TEST(TlsProfile, HasTheSameMarkInEveryRun) {
  TlsProfile profile;
  profile.names = {"mx.example.org"};
  EXPECT_EQ(profile.mark(), "2176ae66075b37b7");
}

TEST(ClientTls, H7_HasTheWordsOfTheDraftForItsVersions) {
  ClientTls tls;
  EXPECT_EQ(tls.tokens(), (Tokens{"TLS1.3", "TLS1.2"}));
  tls.parameters.least = tls::Version::Tls10;
  tls.parameters.most = tls::Version::Tls12;
  EXPECT_EQ(tls.tokens(), (Tokens{"TLS1.2", "TLS1.1", "TLS1.0"}));
}

TEST(TlsContexts, HasOneContextForEachDistinctSet) {
  const tls::Parameters strict{.least = tls::Version::Tls13};
  const tls::Parameters plain{.tickets = false};
  const auto contexts = TlsContexts::load({}, {strict, plain, strict, {}});
  ASSERT_TRUE(contexts);
  EXPECT_EQ(contexts->size(), 3u);
  EXPECT_EQ(contexts->find(std::nullopt).context, contexts->usual().context);
  EXPECT_EQ(contexts->find(tls::Parameters()).context, contexts->usual().context);
  EXPECT_EQ(contexts->find(strict).context, contexts->find(strict).context);
  EXPECT_NE(contexts->find(strict).context, contexts->find(plain).context);
  EXPECT_EQ(contexts->find(strict).parameters, strict);
}

TEST(TlsContexts, HasNoneForASetThatIsUnknown) {
  const auto contexts = TlsContexts::load({}, {});
  ASSERT_TRUE(contexts);
  EXPECT_EQ(contexts->find(tls::Parameters{.padding = 512}).context, nullptr);
}

TEST(TlsContexts, CannotBeMadeOfWhatTheLibraryDoesNotKnow) {
  EXPECT_FALSE(TlsContexts::load({}, {tls::Parameters{.ciphers = "NO-SUCH-CIPHER"}}));
}

}  // namespace
}  // namespace outrider::deliver
