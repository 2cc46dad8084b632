package dev.handover.election.zookeeper;

import org.jspecify.annotations.Nullable;

/** Makes something of the content of a znode. */
@FunctionalInterface
interface Decoder<T> {
    /** Throws with the path and the content in its message, if that cannot be understood. */
    T decode(String path, byte @Nullable [] data, int version) throws MalformedContentException;
}
