package dev.handover.guard;

/** In which order a group tries its endpoints. Ejected ones are left out in each. */
public enum Selection {
    /** The first one that can be asked, in the order in which they were given: for a primary and its stand-ins. */
    FAIL_OVER,
    /** Each in its turn. */
    ROUND_ROBIN,
    /** The one with the fewest calls of this group under way; among equals each in its turn. */
    LEAST_LOADED,
    /** The one that leads, as far as that is known, then the others in turn. */
    LEADER_FIRST
}
