#include "actors/experiment/table/unit_table.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <unordered_map>

#include "actors/experiment/statistics/factorial.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::experiment {
namespace {

using Kind = TableMetricKind;

/// So that squares of totals are finite.
constexpr double magnitude_max = 1e100;
/// Between the levels of a combination: no field has a zero byte.
constexpr char level_end = '\0';

/// Names, numbered as they come.
class Names {
 public:
  uint32_t index_of(const std::string& name) {
    const auto [place, is_new] = index_.try_emplace(name, static_cast<uint32_t>(names_.size()));
    if (is_new) names_.push_back(name);
    return place->second;
  }
  std::vector<std::string>& all() { return names_; }

 private:
  std::unordered_map<std::string, uint32_t> index_;
  std::vector<std::string> names_;
};

/// Where a metric's columns are in a record.
struct Places {
  size_t column = 0;
  std::optional<size_t> second;  ///< `per` or `event`.
  std::optional<size_t> covariate;
};

class TableBuilder {
 public:
  TableBuilder(CsvReader& csv, const TableQuestion& question) : csv_(csv), question_(question) {}

  Result<UnitTable> read() {
    TROUPE_CHECK(read_header());
    for (;;) {
      TROUPE_TRY(const bool is_there, csv_.next(fields_));
      if (!is_there) break;
      TROUPE_CHECK(add_row());
    }
    if (table_.rows == 0) return fail(Errc::invalid_argument, "{}: there is a header, and no row", csv_.name());
    TROUPE_CHECK(check_totals());
    table_.variants = std::move(variants_.all());
    if (!question_.factors.empty()) split_levels();
    table_.segments = std::move(segments_.all());
    return std::move(table_);
  }

 private:
  template <class... Args>
  auto wrong(size_t column, fmt::format_string<Args...> format, Args&&... args) const {
    return fail(Errc::invalid_argument, "{}:{}: column {}: {}", csv_.name(), csv_.line(), header_[column],
                fmt::format(format, std::forward<Args>(args)...));
  }

  Status read_header() {
    TROUPE_TRY(const bool is_there, csv_.next(header_));
    if (!is_there)
      return fail(Errc::invalid_argument, "{}: the file is empty; its first line names the columns", csv_.name());
    std::set<std::string> names;
    for (const std::string& name : header_)
      if (!names.insert(name).second)
        return fail(Errc::invalid_argument, "{}:1: there are two columns of the name '{}'", csv_.name(), name);
    if (question_.factors.empty()) {
      TROUPE_TRY(const size_t place, place_of(question_.variant_column));
      variant_places_.push_back(place);
    }
    for (const TableFactor& factor : question_.factors) {
      TROUPE_TRY(const size_t place, place_of(factor.column));
      variant_places_.push_back(place);
    }
    if (!question_.unit_column.empty()) {
      TROUPE_TRY(unit_, place_of(question_.unit_column));
    }
    if (!question_.segment_column.empty()) {
      TROUPE_TRY(segment_, place_of(question_.segment_column));
    }
    for (const TableMetric& metric : question_.metrics) {
      Places places;
      TROUPE_TRY(places.column, place_of(metric.column));
      const std::string& second = metric.kind == Kind::time ? metric.event : metric.per;
      if (!second.empty()) {
        TROUPE_TRY(places.second, place_of(second));
      }
      if (!metric.covariate.empty()) {
        TROUPE_TRY(places.covariate, place_of(metric.covariate));
      }
      places_.push_back(places);
    }
    table_.columns.resize(question_.metrics.size());
    return {};
  }

  Result<size_t> place_of(const std::string& name) const {
    const auto found = std::ranges::find(header_, name);
    if (found != header_.end()) return static_cast<size_t>(found - header_.begin());
    return fail(Errc::invalid_argument, "{}:1: there is no column '{}'{}; columns are {}", csv_.name(), name,
                did_you_mean(name, header_), fmt::join(header_, ", "));
  }

  Status add_row() {
    ++table_.rows;
    for (const size_t place : variant_places_)
      if (fields_[place].empty()) return wrong(place, "it is empty");
    for (const auto place : {unit_, segment_})
      if (place && fields_[*place].empty()) return wrong(*place, "it is empty");
    TROUPE_TRY(const uint32_t variant, take_variant());
    const size_t unit = unit_ ? units_.index_of(fields_[*unit_]) : table_.units();
    const bool is_new = unit == table_.units();
    if (is_new) {
      if (unit == table_units_max)
        return fail(Errc::too_large, "{}:{}: there are more than {} units", csv_.name(), csv_.line(), table_units_max);
      table_.variant.push_back(variant);
      table_.is_crossed.push_back(false);
    } else if (table_.variant[unit] != variant) {
      table_.is_crossed[unit] = true;
    }
    TROUPE_CHECK(add_segment(unit, is_new));
    for (size_t i = 0; i < places_.size(); ++i) TROUPE_CHECK(add_value(i, unit, is_new));
    return {};
  }

  Result<uint32_t> take_variant() {
    variant_name_ = fields_[variant_places_.front()];
    for (size_t i = 1; i < variant_places_.size(); ++i) {
      variant_name_ += level_end;
      variant_name_ += fields_[variant_places_[i]];
    }
    const uint32_t variant = variants_.index_of(variant_name_);
    if (variant < table_variants_max) return variant;
    if (question_.factors.empty())
      return wrong(variant_places_.back(), "there are more than {} variants; is this the column that says them?",
                   table_variants_max);
    return wrong(variant_places_.back(),
                 "there are more than {} combinations of levels; are these columns the factors: {}?",
                 table_variants_max, fmt::join(factor_columns(), ", "));
  }

  std::vector<std::string> factor_columns() const {
    std::vector<std::string> columns;
    for (const TableFactor& factor : question_.factors) columns.push_back(factor.column);
    return columns;
  }

  void split_levels() {
    for (std::string& name : table_.variants) {
      std::vector<std::string> levels(1);
      for (const char c : name) c == level_end ? void(levels.emplace_back()) : levels.back().push_back(c);
      name = fmt::format("{}", fmt::join(levels, ", "));
      table_.levels.push_back(std::move(levels));
    }
  }

  Status add_segment(size_t unit, bool is_new) {
    if (!segment_) return {};
    const uint32_t segment = segments_.index_of(fields_[*segment_]);
    if (segment == table_segments_max)
      return wrong(*segment_, "there are more than {} segments; is this the column that says them?",
                   table_segments_max);
    if (is_new) {
      table_.segment.push_back(segment);
    } else if (table_.segment[unit] != segment) {
      return wrong(*segment_, "unit {} is in segment {} here, and in {} before", fields_[*unit_], fields_[*segment_],
                   segments_.all()[table_.segment[unit]]);
    }
    return {};
  }

  Status add_value(size_t index, size_t unit, bool is_new) {
    const TableMetric& metric = question_.metrics[index];
    const Places& places = places_[index];
    UnitColumn& column = table_.columns[index];
    TROUPE_TRY(const double x, number(places.column));
    if (metric.kind == Kind::quantile) {
      column.values.push_back({unit, x});
      return {};
    }
    double y = 1;
    if (places.second) {
      TROUPE_TRY(y, number(*places.second));
    }
    TROUPE_CHECK(check_value(metric, places, x, y));
    if (is_new) {
      column.x.push_back(x);
      column.y.push_back(y);
    } else if (metric.kind == Kind::time) {
      return wrong(*unit_, "unit {} has a second row; where a time is asked, a unit has one", fields_[*unit_]);
    } else if (metric.kind == Kind::conversion) {
      column.x[unit] = std::max(column.x[unit], x);
    } else {
      column.x[unit] += x;
      if (places.second) column.y[unit] += y;
    }
    return add_covariate(places, column, unit, is_new);
  }

  /// It is of the unit, not of the row: a total of it would count how often the unit came, which a variant may change.
  Status add_covariate(const Places& places, UnitColumn& column, size_t unit, bool is_new) {
    if (!places.covariate) return {};
    TROUPE_TRY(const double value, number(*places.covariate));
    if (is_new) {
      column.covariate.push_back(value);
    } else if (column.covariate[unit] != value) {
      return wrong(*places.covariate,
                   "unit {} has {} here, and {} before; what is known of a unit from before is one number",
                   fields_[*unit_], value, column.covariate[unit]);
    }
    return {};
  }

  Status check_value(const TableMetric& metric, const Places& places, double x, double y) const {
    const auto is_flag = [](double value) { return value == 0 || value == 1; };
    switch (metric.kind) {
      case Kind::conversion:
        if (!is_flag(x)) return wrong(places.column, "a conversion is 0 or 1, found {}", x);
        break;
      case Kind::count:
        if (!(x >= 0 && x == std::floor(x)))
          return wrong(places.column, "a count is a whole number from 0 on, found {}", x);
        if (!(y > 0)) return wrong(*places.second, "an exposure is above 0, found {}", y);
        break;
      case Kind::time:
        if (!(x >= 0)) return wrong(places.column, "a time is 0 or more, found {}", x);
        if (!is_flag(y)) return wrong(*places.second, "an event is 1 where it came and 0 where not, found {}", y);
        break;
      default:
        break;
    }
    return {};
  }

  Result<double> number(size_t column) const {
    const std::string& text = fields_[column];
    if (text.empty()) return wrong(column, "it is empty, where a number is wanted");
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (rest != end || error == std::errc::invalid_argument)
      return wrong(column, "'{}' is no number, such as 12.5", text.substr(0, 40));
    if (error == std::errc{} && std::abs(value) <= magnitude_max) return value;
    return wrong(column, "{} is not a number from {:g} to {:g}", text.substr(0, 40), -magnitude_max, magnitude_max);
  }

  Status check_totals() const {
    for (size_t i = 0; i < table_.columns.size(); ++i)
      for (const auto* const totals : {&table_.columns[i].x, &table_.columns[i].y})
        for (const double total : *totals)
          if (!(std::abs(total) <= magnitude_max))
            return fail(Errc::invalid_argument, "{}: metric {}: a unit's total is over {:g}", csv_.name(),
                        question_.metrics[i].name, magnitude_max);
    return {};
  }

  CsvReader& csv_;
  const TableQuestion& question_;
  std::vector<std::string> header_;
  std::vector<std::string> fields_;
  std::vector<size_t> variant_places_;  ///< The variant's column, or the factors'.
  std::string variant_name_;            ///< Of the present row.
  std::optional<size_t> unit_;
  std::optional<size_t> segment_;
  std::vector<Places> places_;
  Names units_;
  Names variants_;
  Names segments_;
  UnitTable table_;
};

Status check_question(const TableQuestion& question) {
  if (question.metrics.empty())
    return fail(Errc::invalid_argument, "there is no metric; name one, such as revenue:mean");
  std::set<std::string> names;
  for (const TableMetric& metric : question.metrics)
    if (!names.insert(metric.name).second) return fail(Errc::invalid_argument, "metric {} is named twice", metric.name);
  if (question.factors.size() > design_factors_max)
    return fail(Errc::invalid_argument, "there are {} factors; a design has at most {}", question.factors.size(),
                design_factors_max);
  names.clear();
  for (const TableFactor& factor : question.factors)
    if (!names.insert(factor.column).second)
      return fail(Errc::invalid_argument, "factor {} is named twice", factor.column);
  return {};
}

}  // namespace

Result<UnitTable> read_unit_table(CsvReader& csv, const TableQuestion& question) {
  TROUPE_CHECK(check_question(question));
  return TableBuilder(csv, question).read();
}

}  // namespace troupe::experiment
