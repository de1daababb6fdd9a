#include "outrider/dns/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outrider/dns/forwarder_source.h"
#include "outrider/dns/questions.h"
#include "outrider/dns/second_opinion.h"

namespace outrider::dns {
namespace {

using testing::HasSubstr;

Options options(Validation validation) {
  Options options;
  options.validation = validation;
  options.forwarders = {"127.0.0.1@9"};
  return options;
}

template <class Kind>
bool opens(Validation validation) {
  const auto source = open_source(options(validation));
  return source && dynamic_cast<const Kind*>(source->get()) != nullptr;
}

TEST(OpenSource, IsWhatTheValidationAsksFor) {
  EXPECT_TRUE(opens<Questions>(Validation::Own));
  EXPECT_TRUE(opens<ForwarderSource>(Validation::Resolver));
  EXPECT_TRUE(opens<SecondOpinion>(Validation::Both));
}

TEST(OpenSource, NeedsSomebodyToBelieve) {
  for (const auto validation : {Validation::Resolver, Validation::Both}) {
    auto none = options(validation);
    none.forwarders.clear();
    const auto source = open_source(none);
    ASSERT_FALSE(source);
    EXPECT_THAT(source.error().text(), HasSubstr("no forwarder is named"));
  }
}

TEST(OpenSource, HasNoHostsFileBesideAResolver) {
  for (const auto validation : {Validation::Resolver, Validation::Both}) {
    auto with_hosts = options(validation);
    with_hosts.hosts_file = "/etc/hosts";
    const auto source = open_source(with_hosts);
    ASSERT_FALSE(source);
    EXPECT_THAT(source.error().text(), HasSubstr("hosts file"));
  }
}

TEST(OpenSource, TellsWhatOurOwnValidationRefuses) {
  auto anchored = options(Validation::Both);
  anchored.trust_anchor_files = {"/nowhere/root.key"};
  const auto source = open_source(anchored);
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().text(), HasSubstr("/nowhere/root.key"));
}

}  // namespace
}  // namespace outrider::dns
