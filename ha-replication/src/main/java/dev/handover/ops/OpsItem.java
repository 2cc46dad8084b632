package dev.handover.ops;

import java.util.SortedMap;

/**
 * Something beside the groups that is shown: a guard, an endpoint.
 *
 * @param kind what sort of thing, in the plural: {@code guards}, {@code endpoints}; items of a kind are shown together
 * @param state in one or two words: {@code closed}, {@code ejected}
 * @param figures what is measured, each with its name and unit, such as {@code calls/s}; a sparkline is drawn of each
 */
public record OpsItem(String kind, String name, OpsLevel level, String state, SortedMap<String, Double> figures) {}
