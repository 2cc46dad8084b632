package dev.handover.coordination;

import dev.handover.Configuration;

/**
 * A configuration as it was read.
 *
 * @param configuration the content
 * @param version of the stored node; a compare-and-set names it. It says nothing by itself and is not the epoch
 */
public record VersionedConfiguration(Configuration configuration, int version) {}
