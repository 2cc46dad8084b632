package dev.handover.spring;

import dev.handover.leadership.Leadership;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import org.jspecify.annotations.Nullable;

/** Parameters of methods that are given the leadership. */
final class LeadershipArguments {
    private LeadershipArguments() {}

    private static boolean isLeading(Parameter parameter) {
        return parameter.getType() == Leadership.Leading.class;
    }

    private static boolean isEpoch(Parameter parameter) {
        return parameter.isAnnotationPresent(Epoch.class)
                && (parameter.getType() == long.class || parameter.getType() == Long.class);
    }

    /** Whether nobody but {@link LeaderOnlyInterceptor} has to give an argument. */
    static boolean only(Method method) {
        for (Parameter parameter : method.getParameters()) {
            if (!isLeading(parameter) && !isEpoch(parameter)) {
                return false;
            }
        }
        return true;
    }

    /** What stands there until it is filled. */
    static @Nullable Object[] placeholders(Method method) {
        @Nullable Object[] arguments = new @Nullable Object[method.getParameterCount()];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = isEpoch(method.getParameters()[i]) ? 0L : null;
        }
        return arguments;
    }

    /** With the leadership where it belongs. */
    static @Nullable Object[] filled(Method method, @Nullable Object[] arguments, Leadership.Leading leading) {
        Parameter[] parameters = method.getParameters();
        @Nullable Object[] filled = arguments.clone();
        for (int i = 0; i < parameters.length; i++) {
            if (isLeading(parameters[i])) {
                filled[i] = leading;
            } else if (isEpoch(parameters[i])) {
                filled[i] = leading.epoch();
            }
        }
        return filled;
    }

    /** The epoch among the arguments; null if there is none. */
    static @Nullable Long epoch(Method method, @Nullable Object[] arguments) {
        Parameter[] parameters = method.getParameters();
        for (int i = 0; i < parameters.length; i++) {
            if (isLeading(parameters[i]) && arguments[i] instanceof Leadership.Leading leading) {
                return leading.epoch();
            }
            if (isEpoch(parameters[i]) && arguments[i] instanceof Long epoch) {
                return epoch;
            }
        }
        return null;
    }
}
