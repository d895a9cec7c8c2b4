#include "actors/worker/child_frames.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::worker;
using namespace std::chrono_literals;

namespace {

std::string header_of(const wire::Message& message) {
  std::string header;
  wire::encode(message.envelope, header);
  return header;
}

Result<FromChild> heard_by_node(const wire::Message& message) {
  return decode_from_child(header_of(message), message.body);
}
Result<FromNode> heard_by_child(const wire::Message& message) {
  return decode_from_node(header_of(message), message.body);
}

WorkItem tensors(uint64_t id, size_t count, size_t bytes) {
  protocol::Infer infer;
  for (size_t i = 0; i < count; ++i)
    infer.inputs.push_back(
        {fmt::format("t{}", i), DType::u8, {static_cast<int64_t>(bytes)}, Bytes::own(std::string(bytes, 'x'))});
  protocol::ServeRequest request;
  request.work = std::move(infer);
  return {WorkId{id}, std::make_shared<const protocol::ServeRequest>(std::move(request)), std::nullopt};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(child_frames)

BOOST_AUTO_TEST_CASE(a_part_arrives_with_its_work_and_its_place) {
  protocol::ResultPart part;
  part.content = protocol::TextPart{"Grü", protocol::FinishReason::none, {}};

  const auto heard = heard_by_node(part_frame(WorkId{7}, {3, true}, part));

  BOOST_REQUIRE(heard.has_value());
  const auto& frame = std::get<PartFrame>(*heard);
  BOOST_TEST(frame.id.value == 7u);
  BOOST_TEST((frame.position == wire::PartPosition{3, true}));
  BOOST_TEST((frame.part.value() == part));
}

BOOST_AUTO_TEST_CASE(a_part_whose_body_is_garbage_still_names_its_work) {
  wire::Message message = part_frame(WorkId{7}, {0, true}, {});
  message.body.data = Bytes::copy("\xc1");

  const auto heard = heard_by_node(message);

  BOOST_REQUIRE(heard.has_value());
  BOOST_TEST(std::get<PartFrame>(*heard).id.value == 7u);
  BOOST_TEST(!std::get<PartFrame>(*heard).part.has_value());
}

BOOST_AUTO_TEST_CASE(each_side_refuses_garbage_and_what_only_the_other_may_say) {
  BOOST_TEST(!decode_from_child("", {}).has_value());
  BOOST_TEST(!decode_from_node("garbage", {}).has_value());
  BOOST_TEST(!heard_by_node(unload_frame()).has_value());
  BOOST_TEST(!heard_by_node(cancel_frame(WorkId{1})).has_value());
  BOOST_TEST(!heard_by_child(progress_frame({1, 2})).has_value());
  BOOST_TEST(!heard_by_child(part_frame(WorkId{1}, {0, true}, {})).has_value());
}

BOOST_AUTO_TEST_CASE(credit_names_its_work_and_its_bytes) {
  const auto credit = std::get<CreditFrame>(heard_by_child(credit_frame(WorkId{9}, 131072)).value());

  BOOST_TEST(credit.id.value == 9u);
  BOOST_TEST(credit.bytes == 131072u);
  BOOST_TEST(!heard_by_node(credit_frame(WorkId{9}, 1)).has_value());
}

BOOST_AUTO_TEST_CASE(messages_without_fields_may_have_an_empty_body) {
  wire::Message loaded = loaded_frame();
  wire::Message unload = unload_frame();
  loaded.body = {};
  unload.body = {};

  BOOST_TEST(std::holds_alternative<protocol::BackendLoaded>(heard_by_node(loaded).value()));
  BOOST_TEST(std::holds_alternative<protocol::Unload>(heard_by_child(unload).value()));
}

BOOST_AUTO_TEST_CASE(a_batch_travels_whole_with_the_time_that_is_left) {
  std::vector<WorkItem> batch{tensors(1, 1, 10), tensors(2, 1, 5000)};
  const Time now{10s};
  batch[1].deadline = now + 1500ms;
  batch[1].credit = 4096;

  const auto frames = execute_frames(batch, now);

  BOOST_REQUIRE(frames.size() == 1u);
  const auto execute = std::get<protocol::Execute>(heard_by_child(frames[0]).value());
  BOOST_REQUIRE(execute.items.size() == 2u);
  BOOST_TEST(!execute.items[0].remaining_us.has_value());
  BOOST_TEST(execute.items[1].remaining_us.value() == 1'500'000u);
  BOOST_TEST(!execute.items[0].credit.has_value());
  BOOST_TEST(execute.items[1].credit.value() == 4096u);
  BOOST_TEST((execute.items[1].request == *batch[1].request));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_travels_as_nothing_left) {
  std::vector<WorkItem> batch{tensors(1, 1, 10)};
  batch[0].deadline = Time{5s};

  const auto frames = execute_frames(batch, Time{10s});

  BOOST_TEST(std::get<protocol::Execute>(heard_by_child(frames.at(0)).value()).items.at(0).remaining_us.value() == 0u);
}

BOOST_AUTO_TEST_CASE(a_batch_with_more_tensors_than_a_message_may_carry_is_split_in_order) {
  const std::vector<WorkItem> batch{tensors(1, 40, 5000), tensors(2, 40, 5000), tensors(3, 20, 5000)};

  const auto frames = execute_frames(batch, Time{});

  BOOST_REQUIRE(frames.size() == 2u);
  BOOST_TEST(frames[0].body.attachments.size() == 40u);
  BOOST_TEST(frames[1].body.attachments.size() == 60u);
  const auto second = std::get<protocol::Execute>(heard_by_child(frames[1]).value());
  BOOST_TEST(second.items.at(0).work_id == 2u);
  BOOST_TEST(second.items.at(1).work_id == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
