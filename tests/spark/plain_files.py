"""Writes local files without permissions, as S3 has none.

Hadoop starts a `chmod` process for every local file and folder that it makes, unless its native library is there.
These processes took a quarter of the tier's processor time. Janino, which Spark brings, compiles the class.
"""

from pathlib import Path

from pyspark.sql import SparkSession

from lake.spark_session import hadoop_configuration, java_class

NAME = "PlainFiles"
SOURCE = """
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

public class PlainFiles extends LocalFileSystem {
    public PlainFiles() { super(new Raw()); }
    public static class Raw extends RawLocalFileSystem {
        public void setPermission(Path path, FsPermission permission) {}
    }
}
"""


def use(spark: SparkSession, folder: Path) -> None:
    """Compile the class into a folder, add that to the session's class path and use the class for `file://`."""
    compiler = java_class(spark, "org.codehaus.janino.SimpleCompiler")()
    compiler.cook(SOURCE)
    for name, code in compiler.getBytecodes().items():
        (folder / f"{name}.class").write_bytes(code)
    loader = java_class(spark, "java.lang.Thread").currentThread().getContextClassLoader()
    loader.addURL(java_class(spark, "java.io.File")(str(folder)).toURI().toURL())
    hadoop_configuration(spark).set("fs.file.impl", NAME)
